"""Commands on apps of any database, and what is in their tables."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from click.testing import Result
from quart import Quart
from sqlalchemy import Table, select

from quartapp.extensions import db
from quartapp.models import Base
from quartapp.services.entity import add_entity
from tests.filling import fill

TABLES = Base.metadata.sorted_tables
Make = Callable[[str], Quart]


def call(app: Quart, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(one) for one in arguments])


def ask(app: Quart, question: Callable[[], Any]) -> Any:
    async def work() -> Any:
        async with app.app_context():
            try:
                return await question()
            finally:
                await db.engine.dispose()

    return asyncio.run(work())


async def fill_these(tables: Sequence[Table] = TABLES) -> None:
    async with db.engine.begin() as connection:
        await connection.run_sync(fill, tables)


async def read_these(tables: Sequence[Table] = TABLES) -> dict[str, list[Any]]:
    async with db.engine.connect() as connection:
        return {
            table.name: sorted(map(tidy, await connection.execute(select(table))), key=repr)
            for table in tables
        }


def tidy(row: Iterable[Any]) -> tuple[Any, ...]:
    """MariaDB keeps six digits of a fraction."""
    return tuple(f"{value:.6g}" if isinstance(value, float) else value for value in row)


async def add_another() -> int:
    async with db.begin() as session:
        return (await add_entity(session, name="Next", url="http://n.example/", owner=None)).id
