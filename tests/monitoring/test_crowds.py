"""Many sites of one address, one host or one owner that are slow: nobody else waits for them."""

import asyncio

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import User, result, utcnow
from quartapp.models.look import Look, Reason
from quartapp.monitoring import watch as module
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.watch import Watcher
from quartapp.services.claim import Job
from tests.helpers import add_person
from tests.monitoring.farm import Farm, Reader, Writer, make_answer, make_redirect, say
from tests.monitoring.test_watch import running, wait_for_results
from tests.services.watching import watch

HELLO = say(make_answer(b"hello"))


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("way", ["address", "redirect"])
async def test_crowd_of_a_slow_one_holds_up_no_other(
    app: Quart, farm: Farm, client: Client, way: str
) -> None:
    is_over = asyncio.Event()

    async def be_slow(reader: Reader, writer: Writer) -> None:
        await is_over.wait()
        await HELLO(reader, writer)

    port = await farm.listen(be_slow, host := farm.next_host())
    slow = [f"http://{farm.name(host)}:{port}/" for _ in range(12)]
    if way == "redirect":
        redirect = say(make_redirect(slow[0]))
        slow = [await farm.serve(redirect) for _ in slow]
    quick = [await farm.serve(HELLO) for _ in range(8)]

    async def look_at(job: Job) -> Look:
        return await look(client, job.url, timeout=30, patience=0.1)

    async with app.app_context():
        await watch(*slow, *quick)
        async with running(look_at, slots=4):
            await wait_for_results(8)
            is_over.set()
            await wait_for_results(20)
        async with db.read() as session:
            outcomes = list(await session.scalars(select(result.c.outcome)))

    assert outcomes == ["ok"] * 20  # who gave up its slot reported nothing, and came again


async def add_people() -> list[User]:
    async with db.begin() as session:
        return [await add_person(session, name) for name in ("ann", "bob", "eve")]


async def watch_silent(owner: User) -> None:
    """Watch more sites of one owner than any worker thinks of at once."""
    hosts = [f"silent{number}.{owner.name}.example" for number in range(30)]
    await watch(*[f"http://{host}/" for host in hosts], owner=owner)


class Silence:
    """Looks that get no answer at silent sites, until each of them is let go."""

    def __init__(self) -> None:
        self.now = 0
        self.ends = asyncio.Semaphore(0)

    async def look(self, job: Job) -> Look:
        if job.host.startswith("silent"):
            self.now += 1
            await self.ends.acquire()
            self.now -= 1
        return Look(job.url, utcnow(), status=200)

    async def wait_for(self, looks: int) -> None:
        for _ in range(600):
            if self.now == looks:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"There are {self.now} silent looks, not {looks}.")


async def test_silent_sites_of_one_owner_hold_up_nobody_elses(app: Quart) -> None:
    silence = Silence()
    async with app.app_context():
        ann, bob, _ = await add_people()
        await watch_silent(ann)
        await watch(*[f"http://{number}.example/" for number in range(8)], owner=bob)
        async with running(silence.look, patience=0.1, slots=4):
            await wait_for_results(8)
            await silence.wait_for(4)  # nobody else is due now


async def test_silent_sites_of_two_owners_hold_up_no_third(app: Quart) -> None:
    silence = Silence()
    async with app.app_context():
        ann, bob, eve = await add_people()
        await watch_silent(ann)
        await watch_silent(bob)
        await watch(*[f"http://{number}.example/" for number in range(8)], owner=eve)
        async with running(silence.look, patience=0.1, slots=8):
            await silence.wait_for(8)
            for _ in range(3):  # the first two make both have enough; then it is another's turn
                silence.ends.release()
            await wait_for_results(11)
            await silence.wait_for(8)


async def test_others_are_not_looked_for_at_each_free_slot(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEEK", 3600.0)
    silence = Silence()
    async with app.app_context():
        ann, bob, _ = await add_people()
        await watch_silent(ann)
        async with running(silence.look, patience=0.1, slots=4) as watcher:
            await silence.wait_for(4)
            await watch("http://quick.example/", owner=bob)
            silence.ends.release()
            await wait_for_results(1)
            await silence.wait_for(4)
            watcher.alone_at -= module.SEEK
            silence.ends.release()
            await wait_for_results(3)


async def test_newcomer_waits_for_one_look_of_an_owner_who_has_all(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEEK", 0.0)
    silence = Silence()
    async with app.app_context():
        ann, bob, _ = await add_people()
        await watch_silent(ann)
        async with running(silence.look, patience=0.1, slots=4):
            await silence.wait_for(4)
            await watch("http://quick.example/", owner=bob)
            silence.ends.release()
            await wait_for_results(2)
            await silence.wait_for(4)


async def test_look_that_loses_its_patience_says_who_is_asked(farm: Farm, client: Client) -> None:
    is_over = asyncio.Event()

    async def be_slow(reader: Reader, writer: Writer) -> None:
        await is_over.wait()
        await HELLO(reader, writer)

    url = await farm.serve(be_slow)
    first = [asyncio.create_task(look(client, url, timeout=30)) for _ in range(2)]
    await asyncio.sleep(0.1)
    third = await look(client, url, timeout=30, patience=0.1)
    is_over.set()
    seen = [*await asyncio.gather(*first), third]

    host = url.split("/")[2].split(":")[0]
    assert [(look.status, look.reason, look.lane) for look in seen] == [
        (200, None, ""),
        (200, None, ""),
        (None, Reason.LAG, host),
    ]
    assert len(client.hosts) == len(client.addresses) == 0


def test_crowds_are_forgotten_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CROWDS", 3)
    watcher = Watcher(look=None)  # type: ignore[arg-type]
    for number in range(5):
        watcher.note_crowd(f"{number}.example", "192.0.2.1")

    assert watcher.crowds == {"3.example": "192.0.2.1", "4.example": "192.0.2.1"}
