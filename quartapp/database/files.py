"""A whole SQLite database as one file: written while others go on, and read back."""

import os
import sqlite3
from pathlib import Path
from typing import cast
from urllib.parse import quote

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MAGIC = b"SQLite format 3\0"


def is_database(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


async def copy_out(engine: AsyncEngine, file: Path) -> None:
    """Write what is committed into *file*, for its owner alone, and check that it is sound."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    async with engine.connect() as connection:
        driver = await find_driver(connection)
        await driver.execute("VACUUM INTO ?", (str(file),))
    await require_sound(file)
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


async def copy_in(engine: AsyncEngine, file: Path) -> None:
    """Make the database of *engine* what is in *file*, all of it or nothing."""
    await require_sound(file)
    async with engine.connect() as connection, open_readonly(file) as source:
        await source.backup(await find_driver(connection))


async def require_sound(file: Path) -> None:
    async with open_readonly(file) as connection, connection.execute("PRAGMA quick_check") as found:
        (said,) = await found.fetchone() or ("nothing",)
    if said != "ok":
        raise sqlite3.DatabaseError(f"it is damaged ({said})")


def open_readonly(file: Path) -> aiosqlite.Connection:
    return aiosqlite.connect(f"file:{quote(str(file.resolve()))}?mode=ro", uri=True)


async def find_driver(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return what SQLAlchemy works with; it has begun nothing yet."""
    raw = await connection.get_raw_connection()
    return cast(aiosqlite.Connection, raw.driver_connection)
