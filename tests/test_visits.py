import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp import create_app, visits
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import User, utcnow
from quartapp.models.visit import VisitKey
from quartapp.models.visit import visits as table
from quartapp.services.prune import VISITS_KEPT
from quartapp.visits import PAUSE, Counter, get_counter, write
from tests.helpers import KINDS
from tests.papers import read_paper

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
ADDRESS = "203.0.113.77"
STATUS = ("/status/", "2xx")


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"COUNT_VISITS": True}


@pytest.fixture
async def second(app: QuartApp) -> AsyncIterator[QuartApp]:
    """Another process on the same database."""
    names = "DATABASE_URL", "INSTANCE_PATH"
    given = {name: app.config[name] for name in names}
    other = create_app({"TESTING": True, "COUNT_VISITS": True, **given})
    async with other.test_app():
        yield other


async def ask(app: Quart, path: str, **headers: str) -> int:
    given = {**BROWSER, **{name.replace("_", "-"): value for name, value in headers.items()}}
    client = app.test_client()
    scope = {"client": (ADDRESS, 1234)}
    return (await client.get(path, headers=given, scope_base=scope)).status_code


def list_counts(app: Quart) -> dict[tuple[str, str], int]:
    counts = app.extensions["visits"].counts
    assert {key.day for key in counts} <= {utcnow().date()}
    return {(key.route, key.outcome): count for key, count in counts.items()}


async def load(app: Quart) -> dict[tuple[str, str], int]:
    async with app.app_context(), db.read() as session:
        rows = await session.execute(select(table))
        return {(row.route, row.outcome): row.count for row in rows}


async def flush(app: Quart) -> None:
    async with app.app_context():
        await write(get_counter())


async def test_pages_are_counted_by_route_and_outcome(app: QuartApp) -> None:
    for path in ("/status/", "/status/?page=1", "/status/a", "/status/b", "/nowhere", "/"):
        await ask(app, path)
    assert list_counts(app) == {
        STATUS: 2,
        ("/status/<slug>", "4xx"): 2,
        ("", "4xx"): 1,
        ("/", "3xx"): 1,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": ""},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Purpose": "prefetch;prerender"},
    ],
    ids=["robot", "program", "nameless", "script", "prefetch"],
)
async def test_what_nobody_looks_at_is_not_counted(app: QuartApp, headers: dict[str, str]) -> None:
    response = await app.test_client().get("/status/", headers={**BROWSER, **headers})
    assert response.status_code == 200
    assert list_counts(app) == {}


async def test_only_pages_that_are_asked_for_are_counted(app: QuartApp) -> None:
    client = app.test_client()
    for path in ("/livez", "/static/app.css", "/api/v1/openapi.json", "/api/v1/entities"):
        await client.get(path, headers=BROWSER)
    await client.head("/status/", headers=BROWSER)
    await client.post("/auth/login", headers=BROWSER)
    assert list_counts(app) == {}


async def test_counts_of_two_processes_come_together(app: QuartApp, second: QuartApp) -> None:
    for number in range(5):
        for process in (app, second, second):
            await ask(process, "/status/")
        if number % 2:
            await flush(app)
    await flush(app)
    await flush(second)
    assert (list_counts(app), list_counts(second)) == ({}, {})
    assert await load(app) == {STATUS: 15}


async def test_nothing_of_who_looked_is_kept(app: QuartApp, admin: User) -> None:
    await ask(app, "/status/", Cookie="session=secret", Referer="https://elsewhere.example/")
    kept = repr(app.extensions["visits"].counts)
    await flush(app)
    async with app.app_context(), db.read() as session:
        kept += repr((await session.execute(select(table))).all())
    for trace in (ADDRESS, "Mozilla", "secret", "elsewhere", "admin"):
        assert trace not in kept


async def test_what_cannot_be_written_is_written_later(app: QuartApp) -> None:
    async def drop_table() -> None:
        async with db.begin() as session:
            connection = await session.connection()
            await connection.run_sync(table.drop)

    await ask(app, "/status/")
    async with app.app_context():
        await drop_table()
        with pytest.raises(Exception, match="visit"):
            await write(get_counter())
        await ask(app, "/status/")
        assert list_counts(app) == {STATUS: 2}
        async with db.begin() as session:
            await (await session.connection()).run_sync(table.create)
    await flush(app)
    assert await load(app) == {STATUS: 2}


async def test_writing_goes_on_after_a_failure(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    async def fail_once(session: Any, counts: dict[VisitKey, int]) -> None:
        tries.append(sum(counts.values()))
        if len(tries) == 1:
            raise OSError("cable")
        counter.stopped.set()

    monkeypatch.setattr(visits, "PAUSE", 0.01)
    monkeypatch.setattr(visits, "add_visits", fail_once)
    counter = Counter({VisitKey(utcnow().date(), "/a", "2xx"): 3})
    async with app.app_context():
        await asyncio.wait_for(visits.keep_writing(counter), 10)
    assert (tries, counter.counts) == ([3, 3], {})
    assert "Visits are kept later: see below" in caplog.text


async def test_what_was_counted_is_written_at_the_end(fresh_app: QuartApp) -> None:
    async with fresh_app.test_app():
        await ask(fresh_app, "/status/")
        assert await load(fresh_app) == {}
    assert list_counts(fresh_app) == {}
    assert await load(fresh_app) == {STATUS: 1}


def test_memory_is_bounded_and_what_is_known_counts_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MAX_KEYS", 2)
    keys = [VisitKey(utcnow().date(), f"/{number}", "2xx") for number in range(3)]
    counter = Counter()
    counter.add(dict.fromkeys(keys, 1))
    counter.add(dict.fromkeys(keys, 1))
    assert counter.counts == {keys[0]: 2, keys[1]: 2}


async def test_who_wants_no_counting_gets_none(tmp_path: Any) -> None:
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path})
    assert "visits" not in app.extensions


def test_operators_are_told_how_long_and_how_often() -> None:
    paper = read_paper("docs/operations.md")
    assert f"for {VISITS_KEPT.days} days: there is no cookie" in paper
    assert f"every {PAUSE:.0f} seconds and when it stops" in paper
