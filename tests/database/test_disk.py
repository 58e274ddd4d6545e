"""A disk that is full or may not be written: reading goes on, writing is refused in words."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Column, Integer, MetaData, Table, Text, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable

from quartapp.database.engine import make_engine
from quartapp.database.failures import Failure
from quartapp.database.url import parse_url
from tests.database.tables import run, try_to_run
from tests.disk import mount_disk
from tests.servers import Server

READ_ONLY = {
    "sqlite": lambda url: parse_url(f"sqlite:///file:{url.database}?mode=ro"),
    "postgres": lambda url: url.update_query_dict(
        {"dsn": "postgresql://?options=-c%20default_transaction_read_only%3Don"}
    ),
    "mariadb": lambda url: url.set(username="reader", password="p"),
}
page = Table("page", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text))


async def write(engine: AsyncEngine, number: int, size: int = 20_000) -> Failure | str:
    body = secrets.token_hex(size // 2)  # nothing that can be compressed
    return await try_to_run(engine, [insert(page).values(id=number, body=body)])


async def fill(engine: AsyncEngine, size: int = 20_000) -> tuple[Failure | str, int]:
    """Write rows until that fails; return how it did, and how many were kept."""
    for number in range(1, 1000):
        failure = await write(engine, number, size)
        if failure != "kept":
            return failure, number - 1
    return "kept", 999


async def count(engine: AsyncEngine) -> Any:
    async with engine.execution_options(reads_only=True).connect() as connection:
        return await connection.scalar(select(func.count()).select_from(page))


# --- full


@pytest.fixture
def disk(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of 4 MB that the database may use."""
    folder = tmp_path / "disk"
    if kind != "sqlite":
        server: Server = request.getfixturevalue(f"{kind}_server")
        folder = server.folder / "disk"
    with mount_disk(folder):
        yield folder


@pytest.fixture
async def small(kind: str, disk: Path, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An engine whose table `page` is on the small disk."""
    if kind == "sqlite":
        engine = make_engine(parse_url(f"sqlite:///{disk}/data/test.db"))
    create = str(CreateTable(page).compile(dialect=engine.dialect)).strip()
    if kind == "postgres":
        create += " TABLESPACE small"
        await run_alone(engine, f"CREATE TABLESPACE small LOCATION '{disk}/data'")
    await run(engine, [text(create)])
    try:
        yield engine
        if kind == "postgres":
            await run(engine, [text("DROP TABLE page")])
            await run_alone(engine, "DROP TABLESPACE small")
    finally:
        await engine.dispose()


async def run_alone(engine: AsyncEngine, statement: str) -> None:
    """Run what PostgreSQL does outside of transactions only."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(statement))


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("left", [0, 4096, 20_480])
async def test_a_database_for_which_there_is_no_room_is_told_so(disk: Path, left: int) -> None:
    room = os.statvfs(disk)
    (disk / "rest").write_bytes(b"x" * (room.f_bavail * room.f_frsize - left))
    engine = make_engine(parse_url(f"sqlite:///{disk}/data/test.db"))

    failure = await try_to_run(engine, [CreateTable(page)])
    await engine.dispose()

    assert failure is Failure.FULL


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])  # MariaDB may end itself on such a disk
async def test_a_full_disk_refuses_to_write_and_reads_on(disk: Path, small: AsyncEngine) -> None:
    failure, kept = await fill(small)
    found = failure, await write(small, 1001), await count(small)
    (disk / "ballast").unlink()
    again = await write(small, 1002), await count(small)

    assert found == (Failure.FULL, Failure.FULL, kept)
    assert again == ("kept", kept + 1)
    assert kept > 20


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_file_that_may_not_grow_is_full(engine: AsyncEngine) -> None:
    await run(engine, [CreateTable(page)])
    async with engine.connect() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1"))

    found = await write(engine, 1), await count(engine)

    assert found == (Failure.FULL, 0)


@pytest.mark.parametrize("kind", ["mariadb"])
async def test_a_table_that_may_not_grow_is_full(engine: AsyncEngine) -> None:
    create = "CREATE TABLE page (id INTEGER, body VARCHAR(16000)) CHARSET ascii ENGINE=MEMORY"
    await run(engine, [text("SET max_heap_table_size = 16384"), text(create)])

    failure, kept = await fill(engine, size=8000)

    assert (failure, await count(engine)) == (Failure.FULL, kept)


# --- read-only


async def test_a_database_that_takes_no_writes_is_told(
    kind: str, url: URL, engine: AsyncEngine
) -> None:
    await run(engine, [CreateTable(page)])
    reading = make_engine(READ_ONLY[kind](url))
    if kind == "mariadb":
        await run(engine, [text(f"GRANT ALL ON {url.database}.* TO reader IDENTIFIED BY 'p'")])
        await run(engine, [text("SET GLOBAL read_only = 1")])
    try:
        found = await count(reading), await write(reading, 1)
    finally:
        if kind == "mariadb":
            await run(engine, [text("SET GLOBAL read_only = 0")])
        await reading.dispose()

    assert found == (0, Failure.FILE if kind == "sqlite" else Failure.AWAY)
