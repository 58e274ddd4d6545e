"""A server that refuses, freezes or dies: told as away, in time, and over when it is back."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database import engine as settings
from quartapp.database.engine import make_engine
from quartapp.database.failures import Failure, find_failure
from quartapp.database.pool import OPENING
from quartapp.database.silence import QUIET
from quartapp.database.url import parse_url
from tests.database.tables import owner, run, try_to_run
from tests.outage import frozen
from tests.servers import Server, free_port

SERVERS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])
LIMITED = {
    "postgresql": "CREATE ROLE {0} LOGIN CONNECTION LIMIT 1",
    "mysql": "GRANT ALL ON {0}.* TO '{0}'@'127.0.0.1' IDENTIFIED BY 'p'"
    " WITH MAX_USER_CONNECTIONS 1",
}


def test_all_that_one_request_waits_for_is_below_five_seconds() -> None:
    assert settings.TIMEOUT + max(settings.SLACK, OPENING) < 5
    assert settings.FILE_POOL + settings.TIMEOUT < 5
    assert settings.LOCK < 1  # of the statement that waits for it
    assert settings.SLACK > 0


async def ask(url: URL) -> Failure | str:
    engine = make_engine(url)
    try:
        return await try_to_run(engine, [text("SELECT 1")])
    finally:
        await engine.dispose()


# --- it refuses


@SERVERS
async def test_a_server_that_does_not_let_us_in_is_away(url: URL) -> None:
    found = {
        "another port": await ask(url.set(port=free_port())),
        "an unknown database": await ask(url.set(database="nowhere")),
        "an unknown user": await ask(url.set(username="nobody_here", password="wrong")),
        "a missing socket": await ask(parse_url(missing_socket(url))),
    }

    assert found == dict.fromkeys(found, Failure.AWAY)


def missing_socket(url: URL) -> str:
    if url.get_backend_name() == "mysql":
        return "mysql://root@/mysql?unix_socket=/nowhere/mysql.sock"
    return "postgresql://postgres@/postgres?host=/nowhere"


async def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to look like one" * 99)
    names = ["missing/test.db", "", "text"]

    found = {name: await ask(parse_url(f"sqlite:///{tmp_path}/{name}")) for name in names}

    assert found == dict.fromkeys(names, Failure.FILE)


@SERVERS
async def test_a_server_with_too_many_connections_is_away(engine: AsyncEngine, url: URL) -> None:
    await run(engine, [text(LIMITED[engine.dialect.name].format(url.database))])
    limited = make_engine(url.set(username=url.database, password="p"))
    async with limited.connect():
        found = await try_to_run(limited, [text("SELECT 1")])
    await limited.dispose()

    assert found is Failure.AWAY


# --- it freezes


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"{kind}_server")
    return found


@SERVERS
async def test_a_frozen_server_holds_nobody_for_five_seconds(
    url: URL, engine: AsyncEngine, server: Server
) -> None:
    fresh = make_engine(url)
    busy, open_, leaving, *idle = [await engine.connect() for _ in range(5)]
    for connection in (busy, open_, leaving):
        await connection.execute(select(owner))
    for connection in idle:
        await connection.close()
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))

    with frozen(server):
        found = await asyncio.gather(
            clock(run(engine, [select(owner)])),
            clock(run(fresh, [select(owner)])),
            clock(busy.execute(select(owner))),
            clock(open_.commit()),
            clock(leaving.close()),
        )
        start = time.monotonic()
        await asyncio.gather(busy.close(), open_.close())
        await engine.dispose()
        await fresh.dispose()
        took = time.monotonic() - start
    await asyncio.sleep(QUIET)
    await run(engine, [select(owner)])

    assert [failure for failure, _ in found] == [Failure.AWAY] * 5
    assert all(2.9 < seconds < 10 for _, seconds in found)
    assert took < 2.9  # a close that waited for an answer
    assert noise == []


@SERVERS
async def test_who_waits_for_a_connection_to_a_frozen_server_waits_once(
    url: URL, server: Server
) -> None:
    engine = make_engine(url, pool_size=2)
    await run(engine, [text("SELECT 1")])

    with frozen(server):
        found = await asyncio.gather(*(come_after(engine, n % 2 * 2.5) for n in range(20)))
        await engine.dispose()
    await asyncio.sleep(QUIET)
    await run(engine, [text("SELECT 1")])
    await engine.dispose()

    assert {failure for failure, _ in found} == {Failure.AWAY}
    # That is 3.3 s, on a machine that has nothing else to do.
    assert all(seconds < 2 * settings.TIMEOUT for _, seconds in found)


@SERVERS
async def test_who_gets_the_place_of_somebody_who_left_waits_for_what_is_left_of_their_time(
    url: URL, server: Server
) -> None:
    engine = make_engine(url, pool_size=1)
    await run(engine, [text("SELECT 1")])

    with frozen(server):
        leaving = asyncio.create_task(run(engine, [text("SELECT 1")]))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(clock(run(engine, [text("SELECT 1")])))
        await asyncio.sleep(settings.TIMEOUT - 0.3)
        leaving.cancel()
        failure, seconds = await waiting
        await engine.dispose()

    assert failure is Failure.AWAY
    assert seconds < 5.5  # 3.7 s there; 5.7 s, had they all of their time again


async def come_after(engine: AsyncEngine, wait: float) -> tuple[Failure | str, float]:
    await asyncio.sleep(wait)
    return await clock(run(engine, [text("SELECT 1")]))


@SERVERS
async def test_server_that_is_busy_is_waited_for(url: URL) -> None:
    engine = make_engine(url, pool_size=1)

    async with engine.connect():
        waiting = asyncio.create_task(run(engine, [text("SELECT 1")]))
        await asyncio.sleep(2)
    await waiting
    await engine.dispose()


async def clock(work: Any) -> tuple[Failure | str, float]:
    start = time.monotonic()
    try:
        await work
    except SQLAlchemyError as error:
        return find_failure(error) or repr(error), time.monotonic() - start
    return "kept", time.monotonic() - start
