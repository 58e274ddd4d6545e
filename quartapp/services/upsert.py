"""Rows that replace those with the same key, in the words of each database."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
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
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = insert(table)
    values = replace(table, new.excluded, others, adding)
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=values), rows)


def replace(
    table: Table, new: Any, names: Collection[str], adding: Collection[str]
) -> dict[str, Any]:
    """Return what columns get where a row is there."""
    return {name: table.c[name] + new[name] if name in adding else new[name] for name in names}
