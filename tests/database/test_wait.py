"""`quart db upgrade --wait`: for a database that is away, and for one that others migrate."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import URL

from quartapp.database.turns import take_turn
from quartapp.database.url import parse_url
from tests.database.migrating import TABLES, find_tables, write
from tests.databases import create_database, drop_database
from tests.processes import Program, Server
from tests.servers import fork_quart

Start = Callable[..., Program]
BUSY = {
    "sqlite": "the database is away (database is locked).",
    "postgres": "another migration runs.",
    "mariadb": "another migration runs.",
}
SERVERS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])


@pytest.fixture
def start(nursery: Path, tmp_path: Path) -> Iterator[Start]:
    """Begin `quart db upgrade` with options: `start(url, "--wait")`."""
    with ExitStack() as stack:

        def begin(url: URL, *options: str) -> Program:
            command = ["--app", "quartapp", "db", "upgrade", *options]
            settings = {"DATABASE_URL": write(url), "INSTANCE_PATH": str(tmp_path)}
            return stack.enter_context(fork_quart(nursery, command, settings))

        yield begin


def wait_for(program: Program, words: str) -> None:
    deadline, log = time.monotonic() + 60, program.folder / "server.log"
    while not log.exists() or words not in log.read_text():
        assert program.exit_code() == "", program.output()
        assert time.monotonic() < deadline, f"{words} is not said"
        time.sleep(0.05)


def find_waits(program: Program) -> list[str]:
    return [line for line in program.output().splitlines() if line.startswith("Waiting")]


@SERVERS
def test_database_that_is_not_there_yet_is_waited_for(
    kind: str, start: Start, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server")
    name = f"late_{time.monotonic_ns()}"
    url = parse_url(f"{server.url.rpartition('/')[0]}/{name}")

    program = start(url, "--wait", "120")
    wait_for(program, "Waiting for 120 s at most: the database is away (")
    create_database(server, name)
    try:
        assert program.wait(120) == 0, program.output()
        assert find_tables(url) == TABLES
    finally:
        drop_database(server, name)
    assert len(find_waits(program)) == 1


async def test_migration_of_another_starter_is_waited_for(
    url: URL, kind: str, start: Start
) -> None:
    async with take_turn(url):
        program = start(url, "--wait=120")
        wait_for(program, "Waiting for 120 s at most: ")
        assert program.exit_code() == ""

    assert program.wait(120) == 0, program.output()
    assert find_waits(program) == [f"Waiting for 120 s at most: {BUSY[kind]}"]


async def test_who_waits_in_vain_is_told_to_try_again(url: URL, kind: str, start: Start) -> None:
    async with take_turn(url):
        program = start(url, "--wait", "3")
        code = program.wait(120)

    last = program.output().splitlines()[-1]
    assert (code, last) == (75, f"Error: After 3 s of waiting {BUSY[kind]}")
    assert len(find_waits(program)) == 1
    assert "Traceback" not in program.output()


@SERVERS
def test_without_it_a_database_that_is_away_is_no_reason_to_wait(url: URL, start: Start) -> None:
    program = start(url.set(database="nowhere"))

    assert program.wait(120) == 1
    (line,) = program.output().splitlines()
    assert line.startswith("Error: The database is away; try again in a moment. (")


def test_what_will_not_pass_is_not_waited_for(start: Start, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    program = start(parse_url(f"sqlite:///{tmp_path}/text"), "--wait")

    assert program.wait(30) == 1
    (line,) = program.output().splitlines()
    assert line.startswith("Error: The file of the database cannot be used;")
