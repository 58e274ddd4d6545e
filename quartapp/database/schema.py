"""The tables of a revision, made where nobody sees them, and what they are compared with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn

Columns = set[tuple[str, str]]  # the name of a table, and of one in it


@contextmanager
def make_schema(scripts: ScriptDirectory, revisions: Iterable[str]) -> Iterator[Connection]:
    """Give an SQLite database in memory that has the tables of *revisions*, and nothing in them."""
    steps = [*scripts.iterate_revisions(tuple(revisions), "base")][::-1]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for step in steps:
                step.module.upgrade()
        yield connection
    engine.dispose()


def list_columns(connection: Connection) -> Columns:
    found = inspect(connection).get_multi_columns()
    return {(table, column["name"]) for (_, table), columns in found.items() for column in columns}


def find_torn(connection: Connection, scripts: ScriptDirectory, revisions: Iterable[str]) -> str:
    """Return a column that a database of *revisions* lacks, or has too early; "" when none is.

    So an upgrade leaves it that ended half way where each change of a table is kept by itself.
    """
    with make_schema(scripts, revisions) as schema:
        now = list_columns(schema)
    with make_schema(scripts, scripts.get_heads()) as schema:
        later = list_columns(schema) - now
    there = list_columns(connection)
    torn = sorted((now - there) | (later & there))
    return ".".join(torn[0]) if torn else ""


def find_unusable(connection: Connection, metadata: MetaData) -> str:
    """Return a column that keeps models of *metadata* from working; "" when none does.

    It is one that they know and the database lacks, or one that they do not know and must fill.
    """
    found = inspect(connection).get_multi_columns()
    there = {table: columns for (_, table), columns in found.items()}
    for table in metadata.sorted_tables:
        columns = {column["name"]: column for column in there.get(table.name, [])}
        known = [column.name for column in table.c]
        lacking = [name for name in known if name not in columns]
        strange = [name for name in columns if name not in known and must_be_given(columns[name])]
        for name in lacking + strange:
            return f"{table.name}.{name}"
    return ""


def must_be_given(column: ReflectedColumn) -> bool:
    is_made = column.get("default") is not None or "identity" in column or "computed" in column
    return not (column["nullable"] or is_made)
