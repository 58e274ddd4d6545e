"""Who waits for a connection: in turn, and no longer than there is reason to."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import URL, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.queue import Empty

from quartapp.database import engine as settings
from quartapp.database.engine import make_engine
from quartapp.database.pool import FairQueue
from quartapp.database.url import parse_url
from tests.processes import free_port


@pytest.fixture
async def single(url: URL) -> AsyncIterator[AsyncEngine]:
    """An engine that has one connection."""
    engine = make_engine(url, pool_size=1)
    yield engine
    await engine.dispose()


async def use(engine: AsyncEngine, name: int, seen: list[int], wait: float = 0) -> None:
    async with engine.connect() as connection:
        seen.append(name)
        await connection.execute(text("SELECT 1"))
        await asyncio.sleep(wait)


async def test_who_comes_does_not_overtake_who_waits(single: AsyncEngine) -> None:
    seen: list[int] = []
    first = await greenlet_spawn(single.sync_engine.connect)
    waiting = [asyncio.create_task(use(single, name, seen)) for name in (1, 2)]
    await asyncio.sleep(0.05)

    def come_back() -> None:
        first.close()
        with single.sync_engine.connect():  # before anybody else can move
            seen.append(3)

    await greenlet_spawn(come_back)
    await asyncio.gather(*waiting)

    assert seen == [1, 2, 3]


async def test_who_has_gone_loses_no_connection(single: AsyncEngine) -> None:
    seen: list[int] = []
    first = await greenlet_spawn(single.sync_engine.connect)
    gone = [asyncio.create_task(use(single, name, seen)) for name in range(3)]
    await asyncio.sleep(0.05)
    gone[1].cancel()

    def leave() -> None:
        first.close()
        gone[0].cancel()  # who has been given it, and does not know yet

    await greenlet_spawn(leave)
    await asyncio.gather(*gone, return_exceptions=True)
    await use(single, 9, seen)

    pool: Any = single.pool
    assert (seen, pool.checkedout(), pool.checkedin()) == ([2, 9], 0, 1)


async def test_who_waits_too_long_is_told_and_the_next_one_is_served(
    single: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    pool: Any = single.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    async with single.connect():
        with pytest.raises(PoolTimeoutError):
            await use(single, 1, seen)
    await use(single, 2, seen)

    assert (seen, pool.checkedout()) == ([2], 0)


@pytest.fixture
async def refused_once(tmp_path: Path) -> AsyncIterator[tuple[AsyncEngine, asyncio.Event]]:
    """An engine with one place whose first connection fails, when the event is set."""
    engine = make_engine(parse_url(f"sqlite:///{tmp_path}/test.db"), pool_size=1)
    fail, tries = asyncio.Event(), count()

    @event.listens_for(engine.sync_engine, "do_connect")
    def refuse(*_: object) -> None:
        if next(tries) == 0:
            await_only(fail.wait())
            raise sqlite3.OperationalError("refused once")

    yield engine, fail
    await engine.dispose()


async def test_who_is_overtaken_at_a_free_place_waits_on(
    refused_once: tuple[AsyncEngine, asyncio.Event],
) -> None:
    engine, fail = refused_once
    seen: list[int] = []
    first = asyncio.create_task(use(engine, 0, seen))
    await asyncio.sleep(0.05)
    tasks = [asyncio.create_task(use(engine, 1, seen, 0.05))]
    await asyncio.sleep(0.05)
    fail.set()
    for name in range(2, 9):  # in each of the next turns of the loop
        tasks.append(asyncio.create_task(use(engine, name, seen, 0.05)))
        await asyncio.sleep(0)
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.gather(*tasks)

    assert sorted(seen) == [*range(1, 9)]


async def test_who_is_overtaken_at_a_free_place_waits_no_longer_than_their_time(
    refused_once: tuple[AsyncEngine, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, fail = refused_once
    monkeypatch.setattr(engine.pool, "_timeout", 2.0)
    first = asyncio.create_task(use(engine, 0, []))
    await asyncio.sleep(0.05)
    start = monotonic()
    overtaken = asyncio.create_task(use(engine, 1, []))
    await asyncio.sleep(1.8)
    fail.set()
    others = []
    for name in range(2, 9):  # in each of the next turns of the loop
        others.append(asyncio.create_task(use(engine, name, [], 60)))
        await asyncio.sleep(0)
    await asyncio.wait([overtaken])
    seconds = monotonic() - start
    for task in others:
        task.cancel()
    found = await asyncio.gather(first, overtaken, *others, return_exceptions=True)

    assert [type(one) for one in found[:2]] == [OperationalError, PoolTimeoutError]
    assert seconds < 3.5  # not 1.8 s, and then all of its time again


async def test_who_has_gone_passes_a_free_place_on() -> None:
    queue = FairQueue(1)
    gone, next_ = (asyncio.create_task(queue.wait(5)) for _ in range(2))
    await asyncio.sleep(0.01)
    start = monotonic()
    queue.wake()
    gone.cancel()

    with pytest.raises(Empty):
        await next_
    assert monotonic() - start < 4  # not the 5 s that it would wait


async def test_pool_tells_the_log_nothing_of_its_days(
    single: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "quartapp")
    await use(single, 1, [])
    await single.dispose()

    assert [one for one in caplog.records if "pool" in one.name.lower()] == []


async def test_where_none_can_be_made_nobody_waits_for_one() -> None:
    engine = make_engine(parse_url(f"postgresql://x@127.0.0.1:{free_port()}/x"), pool_size=2)
    start = monotonic()

    found = await asyncio.gather(
        *(use(engine, name, []) for name in range(20)), return_exceptions=True
    )

    assert {type(one) for one in found} == {OperationalError}
    assert monotonic() - start < settings.TIMEOUT
