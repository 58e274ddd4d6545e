"""Rows that replace those with the same key, in the words of each database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession


async def upsert(session: AsyncSession, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows, all with the same columns, or replace those that are there."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in rows[0] if name not in keys]
    dialect = session.get_bind().dialect.name
    if dialect in ("mysql", "mariadb"):
        added = mysql.insert(table)
        statement = added.on_duplicate_key_update({name: added.inserted[name] for name in others})
        await session.execute(statement, rows)
        return
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = insert(table)
    values = {name: new.excluded[name] for name in others}
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=values), rows)
