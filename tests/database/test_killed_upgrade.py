"""An upgrade of a filled database is killed at a statement: nothing is lost, whatever was done.

`pytest tests/database/test_killed_upgrade.py --deaths 0 -s` kills it at each, and tells how many.
"""

import asyncio
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, text

from quartapp.database.migrations import load_scripts
from quartapp.database.schema import make_schema
from quartapp.database.turns import take_turn
from quartapp.models.archive import reflect_tables
from tests.database.migrating import configure, find_version, write
from tests.database.standing import Standing, look_at, run
from tests.databases import create_database, drop_database
from tests.filling import fill
from tests.processes import Server
from tests.servers import fork_quart

OLD = "0001_initial"  # what comes later changes tables and rows that are there
Call = Callable[..., tuple[int, str]]
Renew = Callable[[], None]


@pytest.fixture
def call(nursery: Path, url: URL, tmp_path: Path) -> Call:
    """Run a command in a process of its own: `call("db", "upgrade", at=3)` kills it there."""
    place = {"DATABASE_URL": write(url), "INSTANCE_PATH": str(tmp_path / "instance")}

    def start(*arguments: str | Path, at: int = 0) -> tuple[int, str]:
        settings = {**place, "DIE_AT": str(at), "COUNTED": str(tmp_path / "counted")}
        words = ["--app", "tests.database.dying", *map(str, arguments)]
        with fork_quart(nursery, words, settings) as program:
            return program.wait(120), program.output()

    return start


@pytest.fixture
def renew(url: URL, kind: str, request: pytest.FixtureRequest) -> Renew:
    """Let the database have no tables again."""

    def drop() -> None:
        if kind == "sqlite":
            for file in Path(str(url.database)).parent.glob("test.db*"):
                file.unlink()
        else:
            server: Server = request.getfixturevalue(f"{kind}_server")
            drop_database(server, str(url.database))
            create_database(server, str(url.database))

    return drop


def make_old(url: URL) -> Standing:
    """Make the tables of an old revision, with rows, and tell how that stands."""
    command.upgrade(configure(url), OLD)
    with make_schema(load_scripts(), [OLD]) as schema:
        tables = reflect_tables(schema)
    run(url, lambda connection: fill(connection, tables))
    return look_at(url)


def choose(last: int, deaths: int) -> list[int]:
    """Return some numbers from 1 to *last*, the first and the last among them; 0: all."""
    if not deaths:
        return list(range(1, last + 1))
    return sorted({1 + (last - 1) * number // max(deaths - 1, 1) for number in range(deaths)})


def measure(standing: Standing) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return what two upgrades have in common, whose rows tell when each of them was."""
    return standing.tables, {name: len(rows) for name, rows in standing.rows.items()}


async def wait_for_the_dead(url: URL) -> None:
    """Let the server see that the connection is gone."""
    async with take_turn(url):
        pass


@pytest.mark.timeout(3600)  # for each statement; each step has a limit of its own
def test_nothing_is_lost_when_an_upgrade_is_killed(
    url: URL, kind: str, call: Call, renew: Renew, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = make_old(url)
    assert call("db", "upgrade")[0] == 0
    after, last = measure(look_at(url)), int((tmp_path / "counted").read_text())
    numbers = choose(last, request.config.getoption("--deaths"))
    print(f"\n{kind}: killed at {len(numbers)} of {last} statements")  # noqa: T201

    for number in numbers:
        renew()
        assert make_old(url) == before
        shutil.rmtree(tmp_path / "instance")
        assert call("db", "upgrade", at=number)[0] == -signal.SIGKILL, number
        asyncio.run(wait_for_the_dead(url))
        saved = find_backup(tmp_path / "instance" / "backups")

        if kind != "mariadb" or not saved:
            assert look_at(url) == before, number
        else:
            code, said = call("db", "upgrade")
            assert code == 0 or "was cut off" in said.splitlines()[-1], said
        if saved:
            renew()
            assert call("restore", saved)[0] == 0
            assert look_at(url) == before, number
        assert call("db", "upgrade")[0] == 0
        assert measure(look_at(url)) == after, number


def find_backup(folder: Path) -> Path | None:
    """Return the backup that was taken, not what was left of one."""
    return next((file for file in folder.glob("*") if file.suffix in (".db", ".gz")), None)


@pytest.mark.parametrize("kind", ["mariadb"])
def test_backup_of_what_is_half_done_is_refused(url: URL, call: Call, tmp_path: Path) -> None:
    make_old(url)
    run(url, lambda connection: connection.execute(text("ALTER TABLE user ADD theme TEXT")))

    code, said = call("db", "upgrade")

    assert (code, said.splitlines()[-1]) == (
        1,
        "Error: An upgrade from 0001_initial was cut off, as user.theme shows. Restore the backup"
        " that it took into an empty database; or mend the tables, and say --no-backup.",
    )
    assert find_backup(tmp_path / "instance" / "backups") is None
    assert find_version(url) == OLD
