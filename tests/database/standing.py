"""How a database stands: its tables with all that is said of them, and its rows."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, MetaData, inspect, select

from quartapp.database.turns import make_migration_engine


class Standing(NamedTuple):
    tables: dict[str, list[str]]
    rows: dict[str, list[str]]


def look_at(url: URL) -> Standing:
    found = run(url, describe)
    assert isinstance(found, Standing)
    return found


def run(url: URL, work: Callable[[Connection], object]) -> object:
    """Work on a database, however long that takes: an engine of the app is cut off sooner."""

    async def connect() -> object:
        engine = make_migration_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(connect())


def describe(connection: Connection) -> Standing:
    metadata = MetaData()
    metadata.reflect(connection)
    inspector = inspect(connection)
    return Standing(
        {name: describe_table(inspector, name) for name in sorted(metadata.tables)},
        {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in sorted(metadata.tables.items())
        },
    )


def describe_table(inspector: Any, name: str) -> list[str]:
    parts = [
        *inspector.get_columns(name),
        *inspector.get_foreign_keys(name),
        *inspector.get_indexes(name),
        *inspector.get_unique_constraints(name),
        inspector.get_pk_constraint(name),
    ]
    return sorted(repr(sorted(part.items(), key=lambda item: item[0])) for part in parts)
