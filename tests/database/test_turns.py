import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import URL, inspect, text

from quartapp.database.turns import make_migration_engine, run_in_turn, take_turn
from quartapp.database.url import parse_url
from quartapp.errors import UnavailableError
from tests.database.migrating import (
    ROOT,
    TABLES,
    add_revision,
    ask,
    configure,
    copy_scripts,
    find_tables,
    find_version,
    start,
    write,
)
from tests.helpers import list_revisions


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    return copy_scripts(tmp_path)


# What a revision leaves when it stops half way: MariaDB commits each change of a table by itself.
LEFT = pytest.mark.parametrize(
    ("kind", "left"), [("sqlite", []), ("postgres", []), ("mariadb", ["half"])]
)


def test_many_starters_make_the_schema_once(url: URL, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": write(url), "INSTANCE_PATH": str(tmp_path)}
    done = start(str(Path(__file__).with_name("starters.py")), "8", PYTHONPATH=".", **settings)

    assert done.stdout.splitlines()[-1] == str([0] * 8), done.stdout
    assert done.stdout.count("Running upgrade") == len(list_revisions())
    assert (find_tables(url), find_version(url)) == (TABLES, list_revisions()[-1])


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
async def test_who_waits_too_long_is_told(url: URL) -> None:
    async with take_turn(url):
        with pytest.raises(UnavailableError, match="Another migration has been running for 0 s"):
            await run_in_turn(url, lambda _: None, wait=0)

    await run_in_turn(url, lambda _: None)  # whose turn it is now


@pytest.mark.parametrize("kind", ["postgres"])
async def test_limits_of_the_role_are_not_those_of_a_migration(url: URL) -> None:
    engine = make_migration_engine(url)  # each connection is a new one
    limits = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"]
    async with engine.begin() as connection:
        for name in limits:  # of the database: as of a role, for new connections
            await connection.execute(text(f"ALTER DATABASE {url.database} SET {name} = '3s'"))
    async with engine.connect() as connection:
        found = [await connection.scalar(text(f"SHOW {name}")) for name in limits]
    await engine.dispose()

    assert found == ["0", "0", "0"]


@LEFT
def test_failed_revision_is_undone_where_the_database_can(
    url: URL, left: list[str], scripts: Path
) -> None:
    command.upgrade(configure(url), "head")
    add_revision(scripts, "1 / 0")

    with pytest.raises(ZeroDivisionError):
        command.upgrade(configure(url, scripts), "head")

    assert find_version(url) == list_revisions()[-1]
    assert find_tables(url) == sorted([*TABLES, *left])


@pytest.mark.parametrize("kind", ["postgres"])
def test_index_is_built_beside_its_table(url: URL, scripts: Path) -> None:
    add_revision(
        scripts,
        "with op.get_context().autocommit_block():\n"
        "        op.create_index('ix_x', 'half', ['id'], postgresql_concurrently=True)",
    )
    command.upgrade(configure(url, scripts), "head")

    indexes = ask(url, lambda connection: inspect(connection).get_indexes("half"))
    assert isinstance(indexes, list)
    assert [index["name"] for index in indexes] == ["ix_x"]


def test_upgrade_of_sqlite_is_all_or_nothing(scripts: Path, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    add_revision(scripts, "1 / 0")

    with pytest.raises(ZeroDivisionError):
        command.upgrade(configure(url, scripts), "head")

    assert find_tables(url) == []


@LEFT
def test_killed_migration_leaves_neither_lock_nor_half_a_revision(
    url: URL, left: list[str], scripts: Path
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
        DATABASE_URL=write(url),
        PYTHONPATH=".",
    )

    assert done.returncode == -signal.SIGKILL, done.stdout
    assert find_tables(url) == sorted([*TABLES, *left])
    command.downgrade(configure(url), "base")  # the next one gets its turn at once
    assert find_tables(url) == left


ROWS = """
INSERT INTO user (id, name, password_hash, role, created_at, updated_at)
    VALUES (1, 'alice', 'x', 'editor', '2025-01-01', '2025-01-01');
INSERT INTO entity (id, name, slug, url, content, is_public, owner_id, created_at, updated_at)
    VALUES (1, 'a', 'a', 'http://a', '', 0, 1, '2025-01-01', '2025-01-01');
INSERT INTO comment (id, entity_id, author_id, body, created_at, updated_at)
    VALUES (1, 1, 1, 'Hello', '2025-01-01', '2025-01-01');
"""


@pytest.fixture
def filled(tmp_path: Path) -> URL:
    """The address of an SQLite file with a user, an entity and a comment."""
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    command.upgrade(configure(url), "head")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        connection.executescript(ROWS)
    connection.close()
    return url


def count(url: URL, name: str) -> object:
    return ask(url, lambda connection: connection.scalar(text(f"SELECT count(*) FROM {name}")))


def test_rebuilt_table_keeps_the_rows_that_refer_to_it(filled: URL, scripts: Path) -> None:
    add_revision(scripts, "with op.batch_alter_table('entity', recreate='always'): pass")
    command.upgrade(configure(filled, scripts), "head")

    assert (count(filled, "entity"), count(filled, "comment")) == (1, 1)


def test_revision_that_would_leave_orphans_changes_nothing(filled: URL, scripts: Path) -> None:
    add_revision(scripts, "op.execute('DELETE FROM entity')")

    with pytest.raises(CommandError, match="Rows of comment would refer to nothing"):
        command.upgrade(configure(filled, scripts), "head")

    assert (count(filled, "entity"), count(filled, "comment")) == (1, 1)
