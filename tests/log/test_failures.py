"""What the log says of failures of a database: words about tables, codes about values."""

import pytest
from quart import Quart
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError

from quartapp.extensions import db
from quartapp.log.failures import format_traceback
from quartapp.models import Entity, SiteGroup

CANARY = "canary-7"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_table_that_is_missing_is_named(app: Quart) -> None:
    async with app.app_context():
        with pytest.raises(SQLAlchemyError) as caught:
            async with db.begin() as session:
                await session.execute(text("SELECT 1 FROM no_such_table"))

    assert "no_such_table" in format_traceback(caught.value)


async def test_value_that_is_taken_is_not_quoted(app: Quart) -> None:
    async with app.app_context():
        with pytest.raises(SQLAlchemyError) as caught:
            async with db.begin() as session:
                session.add_all([SiteGroup(name=CANARY), SiteGroup(name=CANARY)])

    told = format_traceback(caught.value)
    assert CANARY not in told
    assert "sqlalchemy.exc.IntegrityError: " in told


@pytest.mark.parametrize("database_kind", ["postgres"])  # the others take a text there
async def test_value_that_cannot_be_bound_is_not_quoted(app: Quart) -> None:
    async with app.app_context():
        with pytest.raises(SQLAlchemyError) as caught:
            async with db.begin() as session:
                await session.execute(update(Entity).values(owner_id=CANARY))

    told = format_traceback(caught.value)
    assert CANARY not in told
    assert "sqlalchemy.exc.DBAPIError: " in told
