"""What hot routes send to the database: a route that comes to need more is found here."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.extensions import db
from quartapp.models import User, utcnow
from quartapp.services import history
from tests.api.helpers import SITE, Api, add_site
from tests.helpers import queries

STATEMENTS = {
    "/entities/{id}": 1,
    "/entities?cursor=&per_page=50": 1,
    "/entities/{id}/usability": 8,
}
MADE = 2  # the site, its check


@pytest.fixture
async def engine(app: Quart, api: Api) -> AsyncIterator[AsyncEngine]:
    """The engine of an application that knows who asks, and has asked for each route once."""
    app.config["AUTH_CACHE_SECONDS"] = 1.0
    await api("GET", "/entities/1")  # the first call looks the token up, and notes its use
    async with app.app_context():
        yield db.engine


@contextmanager
def transactions(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the round trips to PostgreSQL that are no statements of ours: BEGIN, COMMIT."""
    sent: list[str] = []

    def note(query: Any) -> None:
        sent.append(query.query.split()[0].strip(";"))

    def watch(connection: Any, *_: object) -> None:
        driver = connection.driver_connection
        driver.remove_query_logger(note)
        driver.add_query_logger(note)

    event.listen(engine.sync_engine, "checkout", watch)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "checkout", watch)


@pytest.mark.parametrize("path", STATEMENTS)
async def test_reading_costs_no_more_statements(
    app: Quart,
    api: Api,
    admin: User,
    engine: AsyncEngine,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In the first hour of a day, no hours of it are to be added.
    noon = utcnow().replace(hour=12, minute=30)
    monkeypatch.setattr(history, "utcnow", lambda: noon)
    entity = await add_site(app, admin)
    with queries(engine) as sent:
        status, _ = await api("GET", path.format(id=entity.id))

    assert (status, len([one for one in sent if one.startswith(("SELECT", "WITH"))])) == (
        200,
        STATEMENTS[path],
    )


async def test_who_asks_at_once_shares_statements(
    app: Quart, api: Api, admin: User, engine: AsyncEngine
) -> None:
    sites = [await add_site(app, admin, name=f"Site {number}") for number in range(12)]
    with queries(engine) as sent:
        found = await asyncio.gather(*(api("GET", f"/entities/{site.id}") for site in sites))

    assert {status for status, _ in found} == {200}
    assert len([one for one in sent if one.startswith(("SELECT", "WITH"))]) <= 4


async def test_nobody_shares_where_the_setting_says_so(
    app: Quart, api: Api, admin: User, engine: AsyncEngine
) -> None:
    app.config["READ_BATCHES"] = False
    sites = [await add_site(app, admin, name=f"Site {number}") for number in range(6)]
    with queries(engine) as sent:
        found = await asyncio.gather(*(api("GET", f"/entities/{site.id}") for site in sites))

    assert [status for status, _ in found] == [200] * 6
    assert len([one for one in sent if one.startswith(("SELECT", "WITH"))]) == 6


async def test_making_a_site_costs_no_more_statements(api: Api, engine: AsyncEngine) -> None:
    with queries(engine) as sent:
        status, _ = await api("POST", "/entities", json=SITE)

    known = ("SELECT", "INSERT", "UPDATE", "DELETE")
    assert (status, len([one for one in sent if one.startswith(known)])) == (201, MADE)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.parametrize("path", STATEMENTS)
async def test_reading_waits_for_no_transaction(
    app: Quart, api: Api, admin: User, engine: AsyncEngine, path: str
) -> None:
    entity = await add_site(app, admin)
    with transactions(engine) as sent:
        await api("GET", path.format(id=entity.id))

    assert sent == []


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_making_a_site_waits_for_one_transaction(api: Api, engine: AsyncEngine) -> None:
    with transactions(engine) as sent:
        await api("POST", "/entities", json=SITE)

    assert sent == ["BEGIN", "COMMIT"]
