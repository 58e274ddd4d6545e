"""Two tables with every kind of rule, and what the tests do with them."""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Executable,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.failures import Failure, find_failure
from quartapp.models.base import Id

tables = MetaData()
owner = Table(
    "owner",
    tables,
    Column("id", Id, primary_key=True),
    Column("name", String(20), unique=True, nullable=False),
    Column("small", Integer),
    Column("big", BigInteger),
    CheckConstraint("small <> 13", name="lucky"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)
pet = Table(
    "pet",
    tables,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("owner.id")),
)
# What the code knows and the database does not have yet.
toy = Table("toy", MetaData(), Column("id", Id, primary_key=True))
newer_owner = Table("owner", MetaData(), Column("name", String(20)), Column("age", Integer))


async def run(engine: AsyncEngine, statements: Iterable[Executable]) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def try_to_run(engine: AsyncEngine, statements: Iterable[Executable]) -> Failure | str:
    """Return what failed, in the words of the app; "kept" when nothing did."""
    try:
        await run(engine, statements)
    except SQLAlchemyError as error:
        return find_failure(error) or "a mistake"
    return "kept"
