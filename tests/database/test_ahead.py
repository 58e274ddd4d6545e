"""The code of today on tables that a newer version has added to."""

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import URL, Column, Connection, Integer, String, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateColumn

from quartapp.database import migrations
from quartapp.database.migrations import Revision, find_revision_state
from quartapp.doctor import Level
from quartapp.doctor.service import check_service
from quartapp.extensions import db
from quartapp.models import Base
from tests.conftest import migrate
from tests.database.migrating import write
from tests.filling import ROWS, fill

WHAT_IS_BORNE = [
    Column("later", String(20)),
    Column("counted", Integer, nullable=False, server_default="0"),
]


@pytest.fixture
def database_url(url: URL) -> str:
    """A database of its own, whose tables nobody else uses."""
    return migrate(write(url))


async def add_columns(*columns: Column[int] | Column[str]) -> None:
    """Let a newer version add columns to each table, and a table."""

    def work(connection: Connection) -> None:
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql("CREATE TABLE tomorrow (id INTEGER PRIMARY KEY)")
        for table in Base.metadata.sorted_tables:
            for column in columns:
                line = str(CreateColumn(column).compile(dialect=connection.dialect))
                connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD {line}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099_tomorrow'")

    async with db.engine.begin() as connection:
        await connection.run_sync(work)


async def ask(client: QuartClient) -> tuple[int, str]:
    response = await client.get("/readyz")
    return response.status_code, (await response.get_json()).get("reason", "")


async def test_what_a_newer_version_adds_breaks_no_model(fresh_app: Quart) -> None:
    async with fresh_app.app_context():
        await add_columns(*WHAT_IS_BORNE)
        async with db.engine.begin() as connection:
            await connection.run_sync(fill, Base.metadata.sorted_tables)
        async with db.read() as session:
            found = {
                mapper.class_.__name__: len(list(await session.scalars(select(mapper.class_))))
                for mapper in Base.registry.mappers
            }

    assert found == dict.fromkeys(found, ROWS)
    assert len(found) > 25


async def test_process_is_ready_and_says_what_it_found(app: Quart, client: QuartClient) -> None:
    async with app.app_context():
        await add_columns(*WHAT_IS_BORNE)
    async with app.app_context():
        found = [finding async for finding in check_service() if finding.topic == "migrations"]

    said = "The database was migrated by a newer version; this one can go on with it."
    assert await ask(client) == (200, "")
    assert [(finding.level, str(finding.text)) for finding in found] == [(Level.WARN, said)]


async def find_state(engine: AsyncEngine) -> Revision:
    migrations.judged.clear()
    async with engine.connect() as connection:
        return await find_revision_state(connection)


async def test_column_that_must_be_given_or_is_gone_is_not_borne(
    app: Quart, client: QuartClient
) -> None:
    async with app.app_context():
        await add_columns(Column("needed", Integer, nullable=False))
        needed = await find_state(db.engine)
        async with db.engine.begin() as connection:
            for table in Base.metadata.sorted_tables:
                name = connection.dialect.identifier_preparer.quote(table.name)
                await connection.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN needed")
        without = await find_state(db.engine)
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE comment DROP COLUMN body")
        gone = await find_state(db.engine)

    assert [needed, without, gone] == [Revision.UNKNOWN, Revision.AHEAD, Revision.UNKNOWN]
    said = "The database was migrated by a newer version; install that one."
    assert await ask(client) == (503, said)
