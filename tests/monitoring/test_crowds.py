"""Many names of one slow address, or that lead to one slow host: nobody else waits for them."""

import asyncio

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import result
from quartapp.models.look import Look, Reason
from quartapp.monitoring import watch as module
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.watch import Watcher
from quartapp.services.claim import Job
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
