import asyncio
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp import create_app
from quartapp.database import migrations, turns
from quartapp.database.engine import make_engine
from quartapp.database.migrations import (
    Revision,
    find_revision_state,
    make_config,
    upgrade,
    warn_if_behind,
)
from quartapp.database.turns import make_migration_engine, run_in_turn, wait_for_turn
from quartapp.database.url import parse_url
from quartapp.errors import UnavailableError
from quartapp.extensions import db
from quartapp.models import Base
from tests.databases import create_database

ROOT = Path(__file__).parents[2]
TABLES = sorted(Base.metadata.tables)

# What a revision leaves when it stops half way: MariaDB commits each change of a table by itself.
LEFT = pytest.mark.parametrize(
    ("kind", "left"), [("sqlite", []), ("postgres", []), ("mariadb", ["half"])]
)
BROKEN = """
import os
from alembic import op
import sqlalchemy as sa

revision = "0002_broken"
down_revision = "0001_initial"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    {fault}


def downgrade():
    op.drop_table("half")
"""


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    return create_database(request.getfixturevalue(f"{kind}_server"))


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A copy of alembic/ for revisions of the tests."""
    folder = tmp_path / "alembic"
    shutil.copytree(ROOT / "alembic", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def configure(url: str, scripts: Path | None = None, **given: object) -> Config:
    config = make_config(attributes={"url": parse_url(url)}, **given)
    if scripts:
        config.set_main_option("script_location", str(scripts))
    return config


def add_revision(scripts: Path, fault: str) -> None:
    (scripts / "versions" / "0002_broken.py").write_text(BROKEN.format(fault=fault))


def ask(url: str, question: Callable[[Connection], object]) -> object:
    """Ask a database on a loop of its own."""

    async def work() -> object:
        engine = make_engine(parse_url(url))
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(question)
        finally:
            await engine.dispose()

    return asyncio.run(work())


def find_tables(url: str) -> list[str]:
    found = ask(url, lambda connection: inspect(connection).get_table_names())
    assert isinstance(found, list)
    return sorted({*found} - {"alembic_version"})


def find_version(url: str) -> object:
    return ask(url, lambda connection: connection.scalar(text("SELECT * FROM alembic_version")))


def start(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


# --- the revisions


def test_revisions_lead_to_the_models_and_back(url: str) -> None:
    command.upgrade(configure(url), "head")
    assert find_tables(url) == TABLES
    command.downgrade(configure(url), "base")
    assert find_tables(url) == []
    command.upgrade(configure(url), "head")
    command.check(configure(url))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite://", "created_at DATETIME NOT NULL"),
        ("postgresql://localhost/x", "created_at TIMESTAMP WITH TIME ZONE NOT NULL"),
        ("mysql://localhost/x", "created_at DATETIME(6) NOT NULL"),
        ("mysql://localhost/x", "CHARSET=utf8mb4 COLLATE utf8mb4_bin"),
    ],
)
def test_statements_can_be_printed_without_a_database(
    address: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command.upgrade(configure(address), "head", sql=True)

    printed = capsys.readouterr().out
    assert expected in printed
    assert all(f"CREATE TABLE {name} " in printed.replace('"', "") for name in ("entity", "user"))


def test_printed_statements_do_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.upgrade(configure("sqlite://"), "head", sql=True)
    with sqlite3.connect(tmp_path / "printed.db") as connection:
        connection.executescript(capsys.readouterr().out)
    connection.close()

    command.check(configure(f"sqlite:///{tmp_path / 'printed.db'}"))


def test_percent_sign_in_an_address_is_kept(tmp_path: Path) -> None:
    command.upgrade(configure(f"sqlite:///{tmp_path}/100%25.db"), "head")

    assert [path.name for path in tmp_path.glob("*.db")] == ["100%.db"]


def test_plain_alembic_asks_the_settings_for_the_database(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sqlite:///named%25.db\n")
    settings = {"DATABASE_URL_FILE": str(tmp_path / "secret"), "INSTANCE_PATH": str(tmp_path)}

    done = start("-m", "alembic", "upgrade", "head", **settings)

    assert (done.returncode, "Running upgrade  -> 0001_initial" in done.stdout) == (0, True)
    assert (tmp_path / "named%.db").exists()


def test_plain_alembic_says_in_one_line_that_the_database_is_away(unused_port: int) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_port}/test"

    done = start("-m", "alembic", "upgrade", "head", DATABASE_URL=url)

    assert done.returncode == 255
    assert done.stdout.splitlines()[-1].startswith("FAILED: The database is away; try again")
    assert "Traceback" not in done.stdout


def test_migrating_leaves_logging_alone(url: str) -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:], logging.getLogger("quartapp").disabled

    command.upgrade(configure(url), "head")

    assert (root.level, root.handlers, logging.getLogger("quartapp").disabled) == before


# --- new revisions


def find_new(scripts: Path) -> list[Path]:
    return [path for path in (scripts / "versions").glob("*.py") if path.stem != "0001_initial"]


def test_new_revision_is_named_by_number_and_message(scripts: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    command.revision(configure(url, scripts), "Mark users: at long last, it is time for a flag")

    (path,) = find_new(scripts)
    assert path.name == "0002_mark_users_at_long_last_it.py"
    assert "down_revision = '0001_initial'" in path.read_text()


def test_generated_revision_holds_what_changed_and_runs(scripts: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    command.upgrade(configure(url, scripts), "head")
    ask(url, lambda connection: connection.execute(text("DROP TABLE setup_token")))
    generate(url, scripts, "Tokens")

    (path,) = find_new(scripts)
    assert "sa.Column('expires_at', UtcDateTime(), nullable=False)" in path.read_text()
    command.upgrade(configure(url, scripts), "head")
    assert find_tables(url) == TABLES


def generate(url: str, scripts: Path, message: str, output: StringIO | None = None) -> None:
    """Do what `alembic revision --autogenerate` does."""
    given = Namespace(autogenerate=True, rev_id=None)
    config = configure(url, scripts, cmd_opts=given, stdout=output or StringIO())
    command.revision(config, message, autogenerate=True)


def test_models_without_a_change_make_no_revision(scripts: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    command.upgrade(configure(url, scripts), "head")
    generate(url, scripts, "Nothing", output := StringIO())

    assert output.getvalue() == "No changes in schema detected.\n"
    assert find_new(scripts) == []


# --- several at once, and what goes wrong


def test_many_starters_make_the_schema_once(url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": url, "INSTANCE_PATH": str(tmp_path)}
    done = start(str(Path(__file__).with_name("starters.py")), "8", PYTHONPATH=".", **settings)

    assert done.stdout.splitlines()[-1] == str([0] * 8), done.stdout
    assert done.stdout.count("Running upgrade") == 1
    assert (find_tables(url), find_version(url)) == (TABLES, "0001_initial")


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
async def test_who_waits_too_long_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(turns.POSTGRESQL["server_settings"], "lock_timeout", "50ms")
    monkeypatch.setattr(turns, "WAIT", 0)
    first = make_migration_engine(parse_url(url))
    async with first.connect() as connection:
        await connection.run_sync(wait_for_turn)
        with pytest.raises(UnavailableError, match="Another migration has been running"):
            await run_in_turn(parse_url(url), lambda _: None)
    await first.dispose()

    await run_in_turn(parse_url(url), lambda _: None)  # whose turn it is now


@pytest.mark.parametrize(
    ("kind", "left"), [("sqlite", []), ("postgres", []), ("mariadb", ["half"])]
)
def test_failed_revision_is_undone_where_the_database_can(
    url: str, left: list[str], scripts: Path
) -> None:
    command.upgrade(configure(url), "head")
    add_revision(scripts, "1 / 0")

    with pytest.raises(ZeroDivisionError):
        command.upgrade(configure(url, scripts), "head")

    assert find_version(url) == "0001_initial"
    assert find_tables(url) == sorted([*TABLES, *left])


@pytest.mark.parametrize(
    ("kind", "left"), [("sqlite", []), ("postgres", []), ("mariadb", ["half"])]
)
def test_killed_migration_leaves_neither_lock_nor_half_a_revision(
    url: str, left: list[str], scripts: Path
) -> None:
    command.upgrade(configure(url), "head")
    add_revision(scripts, "os.kill(os.getpid(), 9)")
    shutil.copy(ROOT / "alembic.ini", scripts.parent)

    done = start(
        "-m",
        "alembic",
        "-c",
        f"{scripts.parent}/alembic.ini",
        "upgrade",
        "head",
        DATABASE_URL=url,
        PYTHONPATH=".",
    )

    assert done.returncode == -signal.SIGKILL, done.stdout
    assert find_tables(url) == sorted([*TABLES, *left])
    command.downgrade(configure(url), "base")  # the next one gets its turn at once
    assert find_tables(url) == left


ROWS = """
INSERT INTO user VALUES (1, 'alice', 'x', 0, '2025-01-01', '2025-01-01');
INSERT INTO entity VALUES (1, 'a', 'a', 'http://a', '', 1, '2025-01-01', '2025-01-01');
INSERT INTO comment VALUES (1, 1, 1, 'Hello', '2025-01-01', '2025-01-01');
"""


@pytest.fixture
def filled(tmp_path: Path) -> str:
    """The address of an SQLite file with a user, an entity and a comment."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    command.upgrade(configure(url), "head")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        connection.executescript(ROWS)
    connection.close()
    return url


def count(url: str, name: str) -> object:
    return ask(url, lambda connection: connection.scalar(text(f"SELECT count(*) FROM {name}")))


def test_rebuilt_table_keeps_the_rows_that_refer_to_it(filled: str, scripts: Path) -> None:
    add_revision(scripts, "with op.batch_alter_table('entity', recreate='always'): pass")
    command.upgrade(configure(filled, scripts), "head")

    assert (count(filled, "entity"), count(filled, "comment")) == (1, 1)


def test_revision_that_would_leave_orphans_changes_nothing(filled: str, scripts: Path) -> None:
    add_revision(scripts, "op.execute('DELETE FROM entity')")

    with pytest.raises(CommandError, match="Rows of comment would refer to nothing"):
        command.upgrade(configure(filled, scripts), "head")

    assert (count(filled, "entity"), count(filled, "comment")) == (1, 1)


# --- how a database stands


async def find_state(engine: AsyncEngine) -> Revision:
    async with engine.connect() as connection:
        return await find_revision_state(connection)


async def test_state_follows_the_revision(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(parse_url(url))
    assert await find_state(engine) is Revision.EMPTY
    await upgrade(engine)
    assert await find_state(engine) is Revision.CURRENT

    known = frozenset({"0001_initial", "0002_more"})
    monkeypatch.setattr(migrations, "find_known", lambda: known)
    monkeypatch.setattr(migrations, "find_heads", lambda: frozenset({"0002_more"}))
    assert await find_state(engine) is Revision.BEHIND
    monkeypatch.setattr(migrations, "find_known", lambda: frozenset({"0000_old"}))
    assert await find_state(engine) is Revision.UNKNOWN
    await engine.dispose()


async def test_database_in_memory_is_migrated_where_it_is() -> None:
    app = create_app({"TESTING": True, "DATABASE_URL": "sqlite://"})
    async with app.app_context():
        await upgrade(db.engine)
        assert await find_state(db.engine) is Revision.CURRENT
        await db.engine.dispose()


async def find_warnings(url: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    engine = make_engine(parse_url(url))
    with caplog.at_level("WARNING"):
        await warn_if_behind(engine)
    await engine.dispose()
    return [record.getMessage() for record in caplog.records]


async def test_start_on_a_current_database_says_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    await engine.dispose()
    caplog.clear()

    assert await find_warnings(url, caplog) == []


async def test_start_on_a_database_behind_says_what_to_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    assert await find_warnings(url, caplog) == [
        "The database has no tables yet; run: quart db upgrade"
    ]


async def test_start_without_a_database_says_so(
    unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_port}/test"
    assert await find_warnings(url, caplog) == ["The database is away; try again in a moment."]
