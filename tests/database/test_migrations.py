import logging
import re
import sqlite3
from argparse import Namespace
from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, Column, ForeignKey, Integer, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp import create_app
from quartapp.database import migrations
from quartapp.database.engine import make_engine
from quartapp.database.migrations import Revision, find_revision_state, upgrade, warn_if_behind
from quartapp.database.url import parse_url
from quartapp.extensions import db
from tests.database.migrating import (
    TABLES,
    ask,
    configure,
    copy_scripts,
    empty_versions,
    find_tables,
    start,
)
from tests.helpers import list_revisions

# On SQLite, a later revision may have to look at a table, so that it cannot be printed.

# A table that the models no longer have, with an index that MariaDB's foreign key needs.
old = MetaData()
Table(
    "pet",
    old,
    Column("id", Integer, primary_key=True),
    Column("mother_id", ForeignKey("pet.id", name="fk_pet_mother"), index=True),
)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    return copy_scripts(tmp_path)


# --- the revisions


def test_revisions_lead_to_the_models_and_back(url: URL) -> None:
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
    command.upgrade(configure(parse_url(address)), "head", sql=True)

    printed = capsys.readouterr().out
    assert expected in printed
    assert all(f"CREATE TABLE {name} " in printed.replace('"', "") for name in ("entity", "user"))


def test_printed_statements_do_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.upgrade(configure(parse_url("sqlite://")), "head", sql=True)
    with sqlite3.connect(tmp_path / "printed.db") as connection:
        connection.executescript(capsys.readouterr().out)
    connection.close()

    command.check(configure(parse_url(f"sqlite:///{tmp_path}/printed.db")))


def test_percent_sign_in_an_address_is_kept(tmp_path: Path) -> None:
    command.upgrade(configure(parse_url(f"sqlite:///{tmp_path}/100%25.db")), "head")

    assert [path.name for path in tmp_path.glob("*.db")] == ["100%.db"]


def test_plain_alembic_asks_the_settings_for_the_database(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sqlite:///named%25.db\n")
    settings = {"DATABASE_URL_FILE": str(tmp_path / "secret"), "INSTANCE_PATH": str(tmp_path)}

    done = start("-m", "alembic", "upgrade", "head", **settings)

    assert done.returncode == 0
    assert re.findall(r"Running upgrade \w* -> (\w+)", done.stdout) == list_revisions()
    assert (tmp_path / "named%.db").exists()


def test_plain_alembic_says_in_one_line_that_the_database_is_away(unused_port: int) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_port}/test"

    done = start("-m", "alembic", "upgrade", "head", DATABASE_URL=url)

    assert done.returncode == 255
    assert done.stdout.splitlines()[-1].startswith("FAILED: The database is away; try again")
    assert "Traceback" not in done.stdout


def test_migrating_leaves_logging_alone(url: URL) -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:], logging.getLogger("quartapp").disabled

    command.upgrade(configure(url), "head")

    assert (root.level, root.handlers, logging.getLogger("quartapp").disabled) == before


# --- new revisions


def find_new(scripts: Path) -> list[Path]:
    known = list_revisions()
    return [path for path in (scripts / "versions").glob("*.py") if path.stem not in known]


def test_new_revision_is_named_by_number_and_message(scripts: Path, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    command.revision(configure(url, scripts), "Mark users: at long last, it is time for a flag")

    (path,) = find_new(scripts)
    assert path.name == f"{len(list_revisions()) + 1:04}_mark_users_at_long_last_it.py"
    assert f"down_revision = '{list_revisions()[-1]}'" in path.read_text()


def test_generated_revision_holds_what_changed_and_runs(scripts: Path, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    command.upgrade(configure(url, scripts), "head")
    ask(url, lambda connection: connection.execute(text("DROP TABLE link")))
    generate(url, scripts, "Tokens")

    (path,) = find_new(scripts)
    assert "sa.Column('expires_at', UtcDateTime(), nullable=False)" in path.read_text()
    command.upgrade(configure(url, scripts), "head")
    assert find_tables(url) == TABLES


def test_generated_revision_leads_there_and_back(url: URL, scripts: Path) -> None:
    empty_versions(scripts)
    generate(url, scripts, "All of it")

    command.upgrade(configure(url, scripts), "head")
    assert find_tables(url) == TABLES
    command.downgrade(configure(url, scripts), "base")
    assert find_tables(url) == []


def test_generated_revision_drops_a_table_and_brings_it_back(url: URL, scripts: Path) -> None:
    command.upgrade(configure(url, scripts), "head")
    ask(url, old.create_all)
    generate(url, scripts, "Tidy up")

    command.upgrade(configure(url, scripts), "head")
    assert find_tables(url) == TABLES
    command.downgrade(configure(url, scripts), "-1")
    assert find_tables(url) == sorted([*TABLES, *old.tables])


def test_only_indexes_of_tables_that_stay_are_dropped(scripts: Path, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    command.upgrade(configure(url, scripts), "head")
    ask(url, lambda connection: connection.execute(text("DROP TABLE comment")))
    ask(url, lambda connection: connection.execute(text("DROP INDEX ix_entity_owner_id")))
    generate(url, scripts, "Comments")

    (path,) = find_new(scripts)
    dropped = re.findall(r"drop_.+", path.read_text())
    assert dropped == ["drop_index(batch_op.f('ix_entity_owner_id'))", "drop_table('comment')"]


def generate(url: URL, scripts: Path, message: str, output: StringIO | None = None) -> None:
    """Do what `alembic revision --autogenerate` does."""
    given = Namespace(autogenerate=True, rev_id=None)
    config = configure(url, scripts, cmd_opts=given, stdout=output or StringIO())
    command.revision(config, message, autogenerate=True)


def test_models_without_a_change_make_no_revision(scripts: Path, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    command.upgrade(configure(url, scripts), "head")
    generate(url, scripts, "Nothing", output := StringIO())

    assert output.getvalue() == "No changes in schema detected.\n"
    assert find_new(scripts) == []


# --- how a database stands


async def find_state(engine: AsyncEngine) -> Revision:
    async with engine.connect() as connection:
        return await find_revision_state(connection)


async def test_state_follows_the_revision(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(url)
    assert await find_state(engine) is Revision.EMPTY
    await upgrade(engine)
    assert await find_state(engine) is Revision.CURRENT

    known = frozenset({*list_revisions(), "more"})
    monkeypatch.setattr(migrations, "find_known", lambda: known)
    monkeypatch.setattr(migrations, "find_heads", lambda: frozenset({"more"}))
    assert await find_state(engine) is Revision.BEHIND
    monkeypatch.setattr(migrations, "find_known", lambda: frozenset({"old"}))
    assert await find_state(engine) is Revision.AHEAD
    await engine.dispose()


async def test_database_in_memory_is_migrated_where_it_is() -> None:
    app = create_app({"TESTING": True, "DATABASE_URL": "sqlite://"})
    async with app.app_context():
        await upgrade(db.engine)
        assert await find_state(db.engine) is Revision.CURRENT
        await db.engine.dispose()


async def find_warnings(url: URL, caplog: pytest.LogCaptureFixture) -> list[str]:
    engine = make_engine(url)
    with caplog.at_level("WARNING"):
        await warn_if_behind(engine)
    await engine.dispose()
    return [record.getMessage() for record in caplog.records]


async def test_start_on_a_current_database_says_nothing(
    url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(url)
    await upgrade(engine)
    await engine.dispose()
    caplog.clear()

    assert await find_warnings(url, caplog) == []


async def test_start_on_a_database_behind_says_what_to_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/test.db")
    assert await find_warnings(url, caplog) == [
        "The database has no tables yet; run: quartapp db upgrade"
    ]


async def test_start_without_a_database_says_so(
    unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = parse_url(f"postgresql://nobody@127.0.0.1:{unused_port}/test")
    assert await find_warnings(url, caplog) == ["The database is away; try again in a moment."]
