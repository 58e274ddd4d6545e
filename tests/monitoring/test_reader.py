"""Pages are read beside the looks, and cost nobody a result."""

import asyncio
import logging
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, User, utcnow
from quartapp.models.expectation import judge
from quartapp.models.learning import FEWEST
from quartapp.models.look import Look, Reason
from quartapp.monitoring import reader as module
from quartapp.monitoring.reader import Reader
from quartapp.services.check import lock_check, look_soon
from quartapp.services.claim import Job
from quartapp.services.tamper import accept_page
from tests.helpers import add_person, queries
from tests.models.test_content import see
from tests.monitoring.farm import Behaviour, Farm, make_answer, say
from tests.monitoring.test_watch import count_results, wait_for_results
from tests.services.reading import load_page, load_tampers
from tests.services.watching import claim, watch

HOME, HACKED = b"<h1>Town library</h1><p>Welcome", b"<h1>Town library</h1><p>Hacked"


@pytest.fixture
async def job(app: Quart) -> Job:
    async with app.app_context():
        await watch("http://a.example")
        return (await claim(utcnow() + timedelta(seconds=1)))[0]


async def read(job: Job, look: Look) -> object:
    return await Reader().read(job, look, judge(look, job.expected))


async def test_pages_that_are_asked_for_together_are_loaded_together(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER", 2.0)
    async with app.app_context():
        await watch(*[f"http://{number}.example" for number in range(12)])
        jobs = await claim(utcnow() + timedelta(seconds=1))
        reader, page = Reader(), see("<p>a")
        with queries(db.engine) as sent:
            verdict = judge(page, jobs[0].expected)
            found = await asyncio.gather(*[reader.read(job, page, verdict) for job in jobs])

    assert None not in found
    assert len([one for one in sent if one.startswith("SELECT")]) == 2


async def test_only_good_answers_are_read(app: Quart, job: Job) -> None:
    async with app.app_context():
        assert await read(job, see("<p>a")) is not None
        assert await read(job, see("<p>a", status=500)) is None
        assert await read(job, see("<p>a", status=304)) is None
        assert await read(job, Look(job.url, utcnow(), reason=Reason.TIMEOUT)) is None


async def test_page_that_takes_too_long_or_breaks_the_reader_moves_nothing(
    app: Quart, job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise LookupError

    async with app.app_context():
        monkeypatch.setattr(module, "BUDGET", 0.01)
        monkeypatch.setattr(module, "extract_text", lambda *_: time.sleep(0.2))
        assert await read(job, see("<p>a")) is None
        monkeypatch.setattr(module, "BUDGET", 5)
        monkeypatch.setattr(module, "extract_text", break_down)
        assert await read(job, see("<p>a")) is None

    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "The page of http://a.example was not read in time.",
        "The page of http://a.example cannot be read.",
    ]


def say_in_turn(answers: Iterator[bytes]) -> Behaviour:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(next(answers))(reader, writer)

    return answer


async def look(entity: Entity, times: int) -> None:
    """Have the watcher look at a site, so many times."""
    for _ in range(times):
        before = await count_results()
        async with db.begin() as session:
            look_soon(await lock_check(session, entity), utcnow())
        await wait_for_results(before + 1)


async def test_watcher_finds_that_a_page_was_changed(watching_app: Quart, farm: Farm) -> None:
    bodies = [HOME] * (FEWEST + 2) + [HACKED] * 9

    answers = (make_answer(body, headers={"Content-Type": "text/html"}) for body in bodies)

    async with watching_app.app_context():
        host = farm.next_host()
        port = await farm.listen(say_in_turn(answers), host)
        (entity,) = await watch(f"http://{host}:{port}/")
        async with db.begin() as session:
            owner = await add_person(session, "bob")
            (await session.get_one(Entity, entity.id)).owner_id = owner.id
        async with watching_app.test_app():
            await wait_for_results(1)
            await look(entity, FEWEST - 1)
            states = [(await load_page(entity)).state]
            async with db.begin() as session:
                site = await session.get_one(Entity, entity.id)
                await accept_page(session, site, await session.get_one(User, owner.id))
            await wait_for_results(FEWEST + 1)
            for _ in range(3):
                await look(entity, 1)
                states.append((await load_page(entity)).state)
        (tamper,) = await load_tampers(entity)
        await db.engine.dispose()

    assert states == ["unconfirmed", "steady", "suspect", "changed"]
    assert (tamper.state, tamper.replaced) == ("open", 1)
