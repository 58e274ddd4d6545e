"""The application behind pgbouncer: each transaction is on whichever connection is free."""

import asyncio
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import text

from quartapp.app import QuartApp
from quartapp.configure import ConfigError, load_config
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.live import get_hub, hub
from quartapp.models import EventKind, User, utcnow
from quartapp.services.event import add_event
from tests.api.helpers import Api
from tests.processes import Server
from tests.services.watching import claim, record, see, watch
from tests.wire import until

CLIENTS, TIMES = 12, 10


@pytest.fixture
def database_kind() -> str:
    return "postgres"


@pytest.fixture
def pooler_url(database_url: str, pgbouncer_server: Server) -> str:
    name = database_url.rpartition("/")[2]
    return f"postgresql://postgres@127.0.0.1:{pgbouncer_server.port}/{name}"


@pytest.fixture
def settings(pooler_url: str) -> dict[str, Any]:
    """Each request has statements of its own, for as many as possible at once."""
    return {"PGBOUNCER_URL": pooler_url, "READ_BATCHES": False, "AUTH_CACHE_SECONDS": 0}


async def test_many_clients_write_and_read_over_two_connections(
    app: QuartApp, bearer: dict[str, str]
) -> None:
    async def write_and_read(client: int) -> list[Any]:
        api, seen = Api(app, bearer), []
        for number in range(TIMES):
            site = {"name": f"site {client} {number}", "url": "https://example.org/"}
            made = await api("POST", "/entities", json=site)
            found = await api("GET", f"/entities/{made[1].get('id')}")
            listed = await api("GET", "/entities?per_page=1")
            seen.append((made[0], found[0], found[1].get("name"), listed[0]))
        return seen

    seen = await asyncio.gather(*map(write_and_read, range(CLIENTS)))
    async with app.app_context(), db.begin() as session:
        left = await session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))

    assert left == 0
    assert seen == [
        [(201, 200, f"site {client} {number}", 200) for number in range(TIMES)]
        for client in range(CLIENTS)
    ]


async def test_workers_take_turns(app: QuartApp) -> None:
    async def work() -> list[int]:
        seen = []
        while jobs := await claim(now, 5):
            await record(*(see(job, now) for job in jobs), now=now)
            seen += [job.entity_id for job in jobs]
        return seen

    async with app.app_context():
        await watch(*(f"http://{number}.example/" for number in range(40)))
        now = utcnow() + timedelta(seconds=1)
        seen = await asyncio.gather(*(work() for _ in range(8)))
        seen.append(await work())  # what others had locked when each of them found nothing

    assert sorted(chain(*seen)) == sorted({*chain(*seen)})
    assert len([*chain(*seen)]) == 40


async def test_news_are_heard_on_a_connection_to_the_database_itself(
    app: QuartApp, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TOLD_POLL", 60.0)  # else they are found, and not heard
    async with app.app_context():
        listener = hub.Listener(admin)
        await until(lambda: get_hub().is_told)
        async with get_hub().listen(listener):
            (entity,) = await watch("http://a.example/")
            async with db.begin() as session:
                await add_event(session, entity.id, EventKind.DOWN, utcnow(), "It is down")
            await until(lambda: listener.queue)


async def test_database_is_migrated_by_its_own_address(
    app: QuartApp, postgres_server: Server
) -> None:
    async with app.app_context():
        await upgrade(db.engine, url=db.url)

        assert db.engine.url.port != db.url.port == postgres_server.port


def test_pgbouncer_is_for_postgresql() -> None:
    url = "postgresql://quartapp@db.example.org:6432/quartapp"
    with pytest.raises(ConfigError, match="PGBOUNCER_URL: DATABASE_URL has to name the Postgre"):
        load_config({"DATABASE_URL": "sqlite:///quartapp.db", "PGBOUNCER_URL": url})
    with pytest.raises(ConfigError, match="PGBOUNCER_URL: an address of pgbouncer looks like "):
        load_config({"PGBOUNCER_URL": "mysql://quartapp@db.example.org/quartapp"})
