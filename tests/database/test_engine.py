"""How connections are set up: every limit in force, readers beside a writer, no update lost."""

import asyncio
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aiosqlite import core
from sqlalchemy import URL, func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.database.counting import TASKS, TIMES, count_up
from tests.database.migrating import start
from tests.database.tables import owner, run, tables

ROOT = Path(__file__).parents[2]
ASK: dict[str, dict[str, Any]] = {
    "sqlite": {
        "PRAGMA journal_mode": "wal",
        "PRAGMA synchronous": 1,
        "PRAGMA foreign_keys": 1,
        "PRAGMA busy_timeout": 3000,
    },
    "postgres": {
        "SHOW application_name": "quartapp",
        "SHOW statement_timeout": "3s",
        "SHOW lock_timeout": "2s",
        "SHOW idle_in_transaction_session_timeout": "10s",
        "SHOW transaction_isolation": "read committed",
        "SHOW timezone": "UTC",
        "SHOW tcp_keepalives_idle": "30",
        "SHOW tcp_keepalives_interval": "10",
        "SHOW tcp_keepalives_count": "3",
    },
    "mariadb": {
        "SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'": 1,
        "SELECT @@time_zone": "+00:00",
        "SELECT @@innodb_lock_wait_timeout": 2,
        "SELECT @@max_statement_time": 3,
        "SELECT @@idle_transaction_timeout": 10,
        "SELECT @@tx_isolation": "READ-COMMITTED",
        "SELECT @@character_set_connection": "utf8mb4",
        "SELECT @@group_concat_max_len": 4_194_304,
    },
}


async def test_every_setting_is_in_force(kind: str, engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = {question: await connection.scalar(text(question)) for question in ASK[kind]}

    assert found == ASK[kind]


async def test_text_is_found_alike_in_letters_of_every_script(engine: AsyncEngine) -> None:
    names = ["Ärger", "STRASSE", "ΣΙΣΥΦΟΣ", "Жук", "Ünal", "100%", "Name"]
    await run(engine, [insert(owner).values([{"name": name} for name in names])])
    needles = ["ärg", "strasse", "ΣΙΣ", "жУК", "ÜN", "0%", "_", "name", "ß"]

    async with engine.connect() as connection:
        found = {
            needle: list(
                await connection.scalars(
                    select(owner.c.name).where(owner.c.name.icontains(needle, autoescape=True))
                )
            )
            for needle in needles
        }

    assert found == {
        "ärg": ["Ärger"],
        "strasse": ["STRASSE"],
        "ΣΙΣ": ["ΣΙΣΥΦΟΣ"],
        "жУК": ["Жук"],
        "ÜN": ["Ünal"],
        "0%": ["100%"],
        "_": [],
        "name": ["Name"],
        "ß": [],
    }


async def test_lower_takes_every_value(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.lower(None))) is None
        assert await connection.scalar(select(func.lower("ÄÖ x"))) == "äö x"


# --- SQLite


sqlite = pytest.mark.parametrize("kind", ["sqlite"])


def list_modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@sqlite
async def test_a_new_file_is_its_owner_s_alone(engine: AsyncEngine, tmp_path: Path) -> None:
    assert list_modes(tmp_path) == dict.fromkeys(["test.db", "test.db-shm", "test.db-wal"], 0o600)


async def test_a_file_that_cannot_be_opened_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.LOG, "debug", lambda *_: time.sleep(0.05))  # the thread is slow
    engine = make_engine(parse_url(f"sqlite:///{tmp_path}/away/test.db"))
    before = set(threading.enumerate())

    with pytest.raises(OperationalError, match="unable to open"):
        async with engine.connect():
            pass

    assert set(threading.enumerate()) == before


async def test_a_file_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    path.touch(0o640)
    path.chmod(0o640)
    engine = make_engine(parse_url(f"sqlite:///{path}"))
    async with engine.connect() as connection:
        await connection.run_sync(tables.create_all)
    await engine.dispose()

    assert list_modes(tmp_path) == {"test.db": 0o640}


@sqlite
async def test_readers_go_on_beside_a_writer(engine: AsyncEngine) -> None:
    reading = engine.execution_options(reads_only=True)
    async with engine.begin() as writer:
        await writer.execute(insert(owner).values(id=1, name="Ann"))
        async with reading.connect() as reader:  # who waits finds the file locked to the end
            before = await reader.scalar(select(func.count()).select_from(owner))
    async with reading.connect() as reader:
        after = await reader.scalar(select(func.count()).select_from(owner))

    assert (before, after) == (0, 1)


@sqlite
async def test_no_update_is_lost_between_tasks_and_processes(engine: AsyncEngine, url: URL) -> None:
    await run(engine, [insert(owner).values(id=1, name="Ann", big=0)])
    command = ["-m", "tests.database.counting", url.render_as_string()]

    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()
    await asyncio.gather(count_up(engine), process.communicate())

    assert process.returncode == 0
    assert await find_number(engine) == 2 * TASKS * TIMES


async def find_number(engine: AsyncEngine) -> Any:
    async with engine.execution_options(reads_only=True).connect() as connection:
        return await connection.scalar(select(owner.c.big))


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    async def open_file(url: URL) -> None:
        engine = make_engine(url)
        await run(engine, [text("SELECT 1")])
        await engine.dispose()

    urls = [parse_url(f"sqlite:///{tmp_path}/{number}.db") for number in range(10) for _ in "abcd"]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda url: asyncio.run(open_file(url)), urls))

    assert {path.name for path in tmp_path.iterdir()} == {f"{number}.db" for number in range(10)}


async def test_a_database_in_memory_is_one_and_is_shared_in_turn() -> None:
    engine = make_engine(parse_url("sqlite://"))
    async with engine.begin() as connection:
        await connection.run_sync(tables.create_all)
        await connection.execute(insert(owner).values(id=1, name="Ann", big=0))

    await count_up(engine)

    assert await find_number(engine) == TASKS * TIMES
    await engine.dispose()


def test_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    script = Path(__file__).with_name("openers.py")
    done = start(str(script), str(tmp_path), "20", "8", PYTHONPATH=".")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
