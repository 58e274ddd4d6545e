"""Rows that meet others with the same key, in the words of each database."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Table, insert
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession


async def upsert(
    session: AsyncSession,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    adding: Collection[str] = (),
) -> None:
    """Add rows, all with the same columns, or replace those that are there.

    The numbers in the columns *adding* are added to those that are there.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in rows[0] if name not in keys]
    dialect = session.get_bind().dialect.name
    if dialect in ("mysql", "mariadb"):
        added = mysql.insert(table)
        values = replace(table, added.inserted, others, adding)
        await session.execute(added.on_duplicate_key_update(values), rows)
        return
    own = postgresql if dialect == "postgresql" else sqlite
    new = own.insert(table)
    values = replace(table, new.excluded, others, adding)
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=values), rows)


async def add_if_free(session: AsyncSession, table: Table, row: dict[str, Any]) -> int | None:
    """Add a row and return its id; None, and nothing was done, where one has a unique value of it.

    One statement where to look first would take two.
    """
    dialect = session.get_bind().dialect.name
    if dialect in ("mysql", "mariadb"):
        try:
            return await add(session, table, row)
        except IntegrityError:
            return None  # they take back this statement alone
    key: int | None = await session.scalar(make_adding(table, dialect), row)
    return key


@cache
def make_adding(table: Table, dialect: str) -> Any:
    own = postgresql if dialect == "postgresql" else sqlite
    return own.insert(table).on_conflict_do_nothing().returning(table.c.id)


async def add(session: AsyncSession, table: Table, row: dict[str, Any]) -> int:
    """Add a row and return its id."""
    added = await session.execute(insert(table), row)
    (key,) = cast(Row[Any], cast(CursorResult[Any], added).inserted_primary_key)
    return cast(int, key)


def replace(
    table: Table, new: Any, names: Collection[str], adding: Collection[str]
) -> dict[str, Any]:
    """Return what columns get where a row is there."""
    return {name: table.c[name] + new[name] if name in adding else new[name] for name in names}
