"""A database as new: its ids begin at 1 as well."""

from sqlalchemy import text

from quartapp.extensions import db
from quartapp.models import Base


async def empty_database() -> None:
    """Empty the one of this app; a file of SQLite is new anyway."""
    if db.engine.dialect.name == "postgresql":
        tables = ", ".join(f'"{table}"' for table in Base.metadata.tables)
        async with db.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
