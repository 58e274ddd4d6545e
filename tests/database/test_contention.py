"""Two at work on the same rows, and what takes too long: found in time, and told alike."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import URL, insert, select, text, update
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from quartapp.database.engine import make_engine, refuse_dead
from quartapp.database.failures import Failure, find_failure, is_lock_timeout, is_retriable
from tests.database.tables import owner, run
from tests.wire import until

SLEEP = {"postgresql": "SELECT pg_sleep(9)", "mysql": "SELECT SLEEP(9)"}
WHO = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
Failed = tuple[Failure | None, bool, float]
SERVERS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])


@pytest.fixture
async def other(url: URL, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """What another process has: the same database, connections of its own; Ann and Bob are in."""
    people = [{"id": 1, "name": "Ann", "small": 0}, {"id": 2, "name": "Bob", "small": 0}]
    await run(engine, [insert(owner).values(people)])
    other = make_engine(url)
    yield other
    await other.dispose()


def touch(number: int) -> Any:
    return update(owner).where(owner.c.id == number).values(small=owner.c.small + 1)


async def fail(work: Awaitable[Any]) -> Failed:
    """Return how *work* failed, whether it may be tried again, and after how many seconds."""
    start = time.monotonic()
    with pytest.raises(SQLAlchemyError) as caught:
        await work
    took = time.monotonic() - start
    return find_failure(caught.value), is_retriable(caught.value), took


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that leaves nothing behind."""
    async with engine.connect() as connection:
        yield connection
        await connection.rollback()


async def test_every_wait_ends_in_time(url: URL, engine: AsyncEngine, other: AsyncEngine) -> None:
    waits = {"a locked row": wait_for_row(engine, other), "the pool": wait_for_pool(url)}
    limits = {"a locked row": 2 if engine.dialect.name in SLEEP else 3, "the pool": 1.5}
    if engine.dialect.name in SLEEP:
        waits["the answer"] = wait_for_answer(engine)
        limits["the answer"] = 3

    found = dict(zip(waits, await asyncio.gather(*waits.values()), strict=True))

    assert {name: result[:2] for name, result in found.items()} == dict.fromkeys(
        waits, (Failure.AWAY, False)
    )
    assert all(limit - 0.1 < found[name][2] < limit + 3 for name, limit in limits.items())
    await run(engine, [touch(1)])


async def wait_for_row(engine: AsyncEngine, other: AsyncEngine) -> Failed:
    async with transaction(other) as holder:
        await holder.execute(touch(1))
        return await fail(run(engine, [touch(1)]))


@SERVERS
async def test_a_locked_row_is_told_from_other_failures(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    async with transaction(other) as holder:
        await holder.execute(touch(1))
        with pytest.raises(DBAPIError) as locked:
            await run(engine, [touch(1)])
    with pytest.raises(DBAPIError) as taken:
        await run(engine, [insert(owner).values(id=1, name="Cid")])

    assert [is_lock_timeout(error.value) for error in (locked, taken)] == [True, False]


async def wait_for_answer(engine: AsyncEngine) -> Failed:
    async with transaction(engine) as connection:
        return await fail(connection.execute(text(SLEEP[engine.dialect.name])))


async def wait_for_pool(url: URL) -> Failed:
    engine = make_engine(url, pool_size=1).execution_options(reads_only=True)
    async with transaction(engine) as connection:
        await connection.execute(select(owner))
        failed = await fail(run(engine, [select(owner)]))
    await run(engine, [select(owner)])
    await engine.dispose()
    return failed


@SERVERS
async def test_a_deadlock_is_a_race(engine: AsyncEngine, other: AsyncEngine) -> None:
    async with transaction(engine) as one, transaction(other) as two:
        if engine.dialect.name == "postgresql":  # looks for one before the wait for a lock ends
            for connection in (one, two):
                await connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
        await one.execute(touch(1))
        await two.execute(touch(2))
        tasks = asyncio.create_task(work(one, 2)), asyncio.create_task(work(two, 1))
        results = await asyncio.gather(*tasks)

    assert sorted(results) == [(False, None), (True, "RACE")]


async def work(connection: AsyncConnection, number: int) -> tuple[bool, str | None]:
    try:
        await connection.execute(touch(number))
    except DBAPIError as error:
        failure = find_failure(error)
        await connection.rollback()
        return is_retriable(error), failure.name if failure else None
    return False, None


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_reader_that_turns_writer_too_late_lost_a_race(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    async with transaction(engine.execution_options(reads_only=True)) as reader:
        await reader.execute(select(owner))
        await run(other, [touch(1)])
        failure, retriable, took = await fail(reader.execute(touch(1)))

    assert (failure, retriable) == (Failure.RACE, True)
    assert took < 2.5  # not the 3 s that who waits for a lock does


@SERVERS
async def test_a_connection_killed_at_work_is_away_and_replaced(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    name = engine.dialect.name
    async with transaction(engine) as connection:
        victim = (await connection.execute(text(WHO[name]))).scalar()
        sleep = asyncio.create_task(fail(connection.execute(text(SLEEP[name]))))
        await asyncio.sleep(0.1)
        async with transaction(other) as killer:
            await killer.execute(text(KILL[name].format(victim)))
        failure, retriable, took = await sleep

    assert (failure, retriable) == (Failure.AWAY, False)
    assert took < 2.5  # not the 3 s that a statement has
    await run(engine, [touch(1)])


@SERVERS
async def test_connections_killed_while_idle_are_replaced_unnoticed(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    name = engine.dialect.name
    async with transaction(engine) as one, transaction(engine) as two:
        victims = [(await c.execute(text(WHO[name]))).scalar() for c in (one, two)]
        drivers = [(await c.get_raw_connection()).dbapi_connection for c in (one, two)]
    async with transaction(other) as killer:
        for victim in victims:
            await killer.execute(text(KILL[name].format(victim)))
    await until(lambda: all(map(is_dead, drivers)))

    async with transaction(engine) as one, transaction(engine) as two:
        found = [(await c.execute(text(WHO[name]))).scalar() for c in (one, two)]

    assert not set(victims) & set(found)


def is_dead(driver: Any) -> bool:
    """Tell whether word has come from the server that it hung up."""
    try:
        refuse_dead(driver, None, None)
    except DisconnectionError:
        return True
    return False


@pytest.mark.parametrize("kind", ["postgres"])
async def test_a_transaction_that_idles_too_long_is_away(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        driver = (await connection.get_raw_connection()).dbapi_connection
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        await until(lambda: is_dead(driver))
        failure, retriable, _ = await fail(connection.execute(text("SELECT 1")))

    assert (failure, retriable) == (Failure.AWAY, False)


async def test_a_client_that_leaves_takes_no_connection_along(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    async with transaction(other) as holder:
        await holder.execute(touch(1))
        waiters = [asyncio.create_task(run(engine, [touch(1)])) for _ in range(3)]
        await asyncio.sleep(0.2)
        for waiter in waiters:
            waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)

    await run(engine, [touch(1)])
    pool: Any = engine.pool
    assert pool.checkedout() == 0
