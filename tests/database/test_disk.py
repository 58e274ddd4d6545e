"""A disk that is full or may not be written: reading goes on, writing is refused in words."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable

from quartapp.database.engine import make_engine
from quartapp.database.failures import Failure
from quartapp.database.url import parse_url
from tests.database.tables import owner, run, try_to_run
from tests.processes import find_user, give_to
from tests.servers import Server

ROW = "x" * 20_000
WRITE = insert(owner).values(name="Ann")
page = Table("page", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text))


async def fill(engine: AsyncEngine) -> tuple[Failure | str, int]:
    """Write rows until that fails; return how it did, and how many were kept."""
    for count in range(2000):
        failure = await try_to_run(engine, [insert(page).values(id=count, body=ROW)])
        if failure != "kept":
            return failure, count
    return "kept", 2000


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
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    (folder / "ballast").write_bytes(b"x" * 1_000_000)
    (folder / "data").mkdir()
    give_to(folder / "data", find_user())
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


@pytest.fixture
async def small(kind: str, disk: Path, engine: AsyncEngine) -> Any:
    """An engine whose table `page` is on the small disk."""
    if kind == "sqlite":
        engine = make_engine(parse_url(f"sqlite:///{disk}/data/test.db"))
    create = str(CreateTable(page).compile(dialect=engine.dialect)).strip()
    if kind == "mariadb":
        create += f" DATA DIRECTORY='{disk}/data'"
    if kind == "postgres":
        create += " TABLESPACE small"
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(f"CREATE TABLESPACE small LOCATION '{disk}/data'"))
    await run(engine, [text(create)])
    yield engine
    await run(engine, [text("DROP TABLE page")])
    if kind == "postgres":
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("DROP TABLESPACE small"))
    await engine.dispose()


async def test_a_full_disk_refuses_to_write_and_reads_on(disk: Path, small: AsyncEngine) -> None:
    failure, kept = await fill(small)
    again, _ = await fill(small)
    found = await count(small)
    (disk / "ballast").unlink()
    after = await try_to_run(small, [insert(page).values(id=9999, body=ROW)])

    assert (failure, again, after) == (Failure.FULL, Failure.FULL, "kept")
    assert (found, await count(small)) == (kept, kept + 1)
    assert kept > 20
