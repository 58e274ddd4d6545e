"""`quartapp backup` and `restore` of databases that are behind."""

import gzip
from functools import partial
from pathlib import Path

import pytest

from quartapp.database.migrations import load_scripts
from quartapp.database.schema import make_schema
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.archive import reflect_tables
from quartapp.services.backup import write_backup
from tests.cli.backing import TABLES, Make, add_another, ask, call, fill_these, read_these
from tests.filling import ROWS
from tests.helpers import KINDS, list_revisions

OLD = "0013_channels"


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_backup_of_an_older_revision_makes_its_tables(
    make_app: Make, tmp_path: Path, source: str, target: str
) -> None:
    old, new, file = make_app(source), make_app(target), tmp_path / "all.gz"
    call(old, "db", "upgrade", OLD)
    with make_schema(load_scripts(), [OLD]) as schema:
        tables = reflect_tables(schema)
    ask(old, partial(fill_these, tables))

    written, restored = call(old, "backup", file), call(new, "restore", file)

    assert written.output == f"{file} has {ROWS * len(tables)} rows.\n"
    assert (restored.exit_code, restored.stdout.splitlines()[-1]) == (
        0,
        "The database is behind this version; run: quartapp db upgrade",
    )
    assert ask(new, partial(read_these, tables)) == ask(old, partial(read_these, tables))
    assert call(new, "db", "current").output.splitlines()[-1] == OLD
    assert call(new, "db", "upgrade").exit_code == 0
    assert ask(new, add_another) > ROWS


def test_tables_of_another_revision_are_left_alone(make_app: Make, tmp_path: Path) -> None:
    old, new, file = make_app("sqlite"), make_app("sqlite"), tmp_path / "all.gz"
    call(old, "db", "upgrade", OLD)
    call(old, "backup", file)
    call(new, "db", "upgrade")

    result = call(new, "restore", file)

    head = list_revisions()[-1]
    message = f"Error: The tables are of revision {head}, the backup is of {OLD};"
    assert (result.exit_code, result.output) == (
        1,
        f"{message} restore it into a database without tables.\n",
    )
    assert call(new, "db", "current").output == f"{head} (head)\n"


def test_file_of_sqlite_is_for_sqlite_alone(make_app: Make, tmp_path: Path) -> None:
    old, new = make_app("sqlite"), make_app("postgres")
    call(old, "db", "upgrade")

    result = call(new, "restore", file := old.config["INSTANCE_PATH"] / "test.db")

    message = f"Error: {file} is an SQLite database; it can be restored into SQLite alone.\n"
    assert (result.exit_code, result.output) == (1, message)


def test_backup_with_its_columns_in_another_order_is_restored(
    make_app: Make, tmp_path: Path
) -> None:
    old, new, file = make_app("sqlite"), make_app("postgres"), tmp_path / "all.gz"
    call(old, "db", "upgrade")
    ask(old, fill_these)

    async def write() -> None:
        """Write tables in the order of the models, as the first versions did."""
        async with db.read() as session:
            written = write_backup(session, TABLES, list_revisions()[-1], "0.1", utcnow())
            lines = [line async for line in written]
        file.write_bytes(gzip.compress("".join(lines).encode()))

    ask(old, write)

    assert call(new, "restore", file).exit_code == 0
    assert ask(new, read_these) == ask(old, read_these)


def test_tables_are_those_of_the_models() -> None:
    with make_schema(load_scripts(), [list_revisions()[-1]]) as schema:
        found = reflect_tables(schema)

    assert [(one.name, sorted(one.c.keys())) for one in found] == [
        (one.name, sorted(one.c.keys())) for one in TABLES
    ]
