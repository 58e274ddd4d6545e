"""Each database, opened as the app opens it, with two small tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.database.tables import tables
from tests.helpers import KINDS
from tests.servers import create_database


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The address of an empty database."""
    if kind == "sqlite":
        return parse_url(f"sqlite:///{tmp_path}/test.db")
    return parse_url(create_database(request.getfixturevalue(f"{kind}_server")))


@pytest.fixture
async def engine(url: URL) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
        yield engine
    finally:
        await engine.dispose()
