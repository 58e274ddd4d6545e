"""Whole lists as files: what is in them, and how little is held for them."""

import asyncio
import csv
import gc
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from quartapp.api.export import read_parts, show_cell
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.look import Reason
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.services import export
from quartapp.services.bug import edit_bug, report_bug
from quartapp.services.entity import select_entities
from quartapp.services.export import Reading
from tests.api.helpers import Api, add_site
from tests.helpers import add_person, make_bearer
from tests.services.watching import HOUR, look
from tests.wire import connect, serving

TITLE = '=HYPERLINK("https://evil.test")'
LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PART", 2)


async def add_bugs(app: Quart, site: Entity, by: User, *titles: str) -> None:
    async with app.app_context(), db.begin() as session:
        site, by = await session.merge(site), await session.merge(by)
        for title in titles:
            given = {"title": title, "severity": Severity.LOW, "body": "Zwei\nZeilen, ü"}
            bug = await report_bug(session, site, by, **given)  # type: ignore[arg-type]
            if title == "Fixed":
                await edit_bug(session, bug, by, state=FindingState.FIXED)


async def read_file(api: Api, path: str) -> str:
    response = await api.client.get(f"/api/v1{path}", headers=api.headers)
    api.answered = response.headers
    assert response.status_code == 200, await response.get_data(as_text=True)
    return str(await response.get_data(as_text=True))


async def read_lines(api: Api, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await read_file(api, path)).splitlines()]


def count_held(app: Quart) -> int:
    pool = app.extensions["database"].engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


# --- what is in them


async def test_lines_are_the_objects_of_the_list(
    app: Quart, api: Api, admin: User, site: Entity
) -> None:
    await add_bugs(app, site, admin, "One", "Two")
    lines = await read_lines(api, "/bugs.ndjson")
    _, page = await api("GET", "/bugs")

    assert lines == page["items"][::-1]
    assert [line["title"] for line in lines] == ["One", "Two"]


async def test_table_has_a_column_for_each_part_and_runs_nothing(
    app: Quart, api: Api, admin: User, site: Entity
) -> None:
    await add_bugs(app, site, admin, TITLE)
    text = await read_file(api, "/bugs.csv")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    _, page = await api("GET", "/bugs")
    (bug,) = page["items"]

    assert row == {
        "id": str(bug["id"]),
        "entity.id": str(site.id),
        "entity.name": "My site",
        "entity.slug": "my-site",
        "entity.url": "https://example.org/",
        "rule": "",
        "place": "",
        "title": f"'{TITLE}",
        "detail": "",
        "body": "Zwei\nZeilen, ü",
        "severity": "low",
        "state": "confirmed",
        "opened_at": bug["opened_at"],
        "closed_at": "",
        "due_on": "",
        "reporter.id": str(admin.id),
        "reporter.name": "admin",
        "assignee.id": "",
        "assignee.name": "",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
        (-1, "-1"),
        (0.5, "0.5"),
        (True, "true"),
    ],
)
def test_cell_is_no_formula(value: object, text: str) -> None:
    assert show_cell(value) == text


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson")],
)
async def test_file_has_a_type_and_a_name(
    api: Api, site: Entity, kind: str, media_type: str
) -> None:
    await read_file(api, f"/entities/{site.id}/results.{kind}")

    assert api.answered["Content-Type"] == media_type
    name = f"entities-{site.id}-results.{kind}"
    assert api.answered["Content-Disposition"] == f'attachment; filename="{name}"'


async def test_filters_hold_and_wrong_ones_are_named(
    app: Quart, api: Api, admin: User, site: Entity
) -> None:
    await add_bugs(app, site, admin, "Open", "Fixed")
    assert [bug["title"] for bug in await read_lines(api, "/bugs.ndjson?state=fixed")] == ["Fixed"]
    assert await read_lines(api, "/entities.ndjson?q=other") == []
    assert await read_lines(api, "/entities.ndjson?state=up&state=down") == []
    assert len(await read_lines(api, "/entities.ndjson?state=up&state=new")) == 1
    assert len((await read_file(api, "/entities.csv?q=other")).splitlines()) == 1  # the names
    for path in ("/bugs.csv?state=gone", "/bugs.ndjson?page=2"):
        assert (await api("GET", path))[0] == 422


@pytest.mark.usefixtures("_small_parts")
async def test_every_list_comes_whole_whatever_its_parts(app: Quart, api: Api, admin: User) -> None:
    names = [f"Site {number}" for number in range(5)]
    site = await add_site(app, admin, names[0])
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number, reason in enumerate([Reason.TLS] * 3 + [None] * 2):
            await look(start + number * HOUR, reason)
    for name in names[1:]:
        await add_site(app, admin, name)

    assert [one["name"] for one in await read_lines(api, "/entities.ndjson")] == names
    lines = await read_lines(api, "/usability.ndjson")
    assert [one["entity"]["name"] for one in lines] == names
    of_one = f"/entities/{site.id}"
    outcomes = [one["outcome"] for one in await read_lines(api, f"{of_one}/results.ndjson")]
    assert outcomes == ["fail", "fail", "fail", "ok", "ok"]
    (outage,) = await read_lines(api, f"{of_one}/outages.ndjson")
    assert (await api("GET", f"{of_one}/outages"))[1]["items"] == [outage]


async def test_there_is_nothing_for_whom_there_is_no_site(api: Api) -> None:
    assert (await api("GET", "/entities/1/results.csv"))[0] == 404


# --- what is held


@pytest.mark.usefixtures("_small_parts")
async def test_neither_connection_nor_more_than_a_part_is_held(app: Quart, admin: User) -> None:
    for number in range(5):
        await add_site(app, admin, f"Site {number}")
    reading = Reading(select_entities(seen_by=admin), Entity.id)
    async with app.app_context(), db.read() as session:
        first = await reading.read_after(session)
    parts = read_parts(app, reading, first)
    del first
    found = [(len(part), count_held(app), count_sites()) async for part in parts]

    assert found == [(2, 0, 2), (2, 0, 2), (1, 0, 1)]


def count_sites() -> int:
    gc.collect()
    return sum(isinstance(one, Entity) for one in gc.get_objects())


@pytest.mark.usefixtures("_small_parts")
async def test_client_that_leaves_frees_the_database(
    app: Quart, api: Api, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await add_site(app, admin, f"Site {number}")
    reads, begun = Reading.read_after, asyncio.Event()

    async def hang(self: Reading, session: Any, last: Any = None) -> list[Any]:
        rows = await reads(self, session, last)
        if last is not None:
            begun.set()
            await asyncio.Event().wait()
        return rows

    monkeypatch.setattr(Reading, "read_after", hang)
    async with asyncio.timeout(10):
        path = "/api/v1/entities.ndjson"
        async with api.client.request(path, method="GET", headers=api.headers) as connection:
            await connection.send_complete()
            await begun.wait()
            assert count_held(app) == 1
            await connection.disconnect()

    assert count_held(app) == 0


@pytest.mark.usefixtures("_small_parts")
async def test_file_that_breaks_off_has_no_last_chunk(
    fresh_app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        admin = await add_person(session, "admin", role=Role.ADMIN)
        headers = await make_bearer(session, admin)
    for number in range(5):
        await add_site(fresh_app, None, f"Site {number}")
    reads = Reading.read_after

    async def fail(self: Reading, session: Any, last: Any = None) -> list[Any]:
        if last is not None:
            raise OperationalError("SELECT", {}, Exception("gone"))
        return await reads(self, session, last)

    async with serving(fresh_app) as port:
        whole = await fetch(port, headers)
        monkeypatch.setattr(Reading, "read_after", fail)
        part = await fetch(port, headers)

    assert (whole.endswith(LAST_CHUNK), whole.count(b'"name": "Site')) == (True, 5)
    assert (part.endswith(LAST_CHUNK), part.count(b'"name": "Site')) == (False, 2)


async def fetch(port: int, headers: dict[str, str], path: str = "/api/v1/entities.ndjson") -> bytes:
    head = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    async with asyncio.timeout(10):
        reader, writer = await connect(port)
        writer.write("\r\n".join([*head, "", ""]).encode())
        data = await reader.read()
        writer.close()
        return data


async def test_head_has_no_body_and_reads_no_more_than_the_first_part(
    app: Quart, api: Api, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PART", 1)
    for number in range(3):
        await add_site(app, admin, f"Site {number}")
    reads, lasts = Reading.read_after, []

    async def note(self: Reading, session: Any, last: Any = None) -> list[Any]:
        lasts.append(last)
        return await reads(self, session, last)

    monkeypatch.setattr(Reading, "read_after", note)
    response = await api.client.head("/api/v1/entities.csv", headers=api.headers)

    assert (response.status_code, await response.get_data()) == (200, b"")
    assert lasts == [None]
