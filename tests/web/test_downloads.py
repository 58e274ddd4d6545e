"""What pages list can be had as files, by who is signed in in a browser."""

import csv
import html
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.models import Entity, State, User, utcnow
from quartapp.models.look import Reason
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.tamper import TamperState
from tests.api.helpers import add_site, set_state
from tests.services.reading import add_tamper
from tests.services.watching import HOUR, look
from tests.web.bugs import get, report

LINK = re.compile(r'<a href="(/api/v1/[^"]+)" aria-label="([^"]+)">')


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def download(browser: QuartClient, path: str) -> dict[str, tuple[str, Any]]:
    """Follow the links to files on a page; return each one's name and content by its label."""
    _, page = await get(browser, path)
    found: dict[str, tuple[str, Any]] = {}
    for address, label in LINK.findall(page):
        response = await browser.get(html.unescape(address))
        text = await response.get_data(as_text=True)
        assert response.status_code == 200, text
        found[label] = response.headers["Content-Disposition"], read(label, text)
    return found


def read(label: str, text: str) -> list[Any]:
    if label.startswith("NDJSON"):
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def list_downloads(browser: QuartClient, path: str, what: str, column: str) -> list[Any]:
    """Return a column of what a page lets be downloaded, which both formats must have."""
    found = await download(browser, path)
    (_, rows), (_, lines) = found[f"CSV: {what}"], found[f"NDJSON: {what}"]
    cells = [row[column] for row in rows]
    for name in column.split("."):
        lines = [line[name] for line in lines]
    assert cells == lines
    return cells


async def test_sites_are_those_of_the_filter(app: Quart, browser: QuartClient, admin: User) -> None:
    for name, state in (("One", State.UP), ("Two", State.DOWN), ("Three", State.DOWN)):
        await add_site(app, admin, name)
        await set_state(app, name, state)
    path = "/entities/?state=down&state=paused&q=t"

    assert await list_downloads(browser, "/entities/", "these sites", "name") == [
        "One",
        "Two",
        "Three",
    ]
    assert await list_downloads(browser, path, "these sites", "name") == ["Two", "Three"]
    states = await list_downloads(browser, path, "where they stand", "state")
    assert states == ["down", "down"]


async def test_file_has_a_name(browser: QuartClient, site: Entity) -> None:
    found = await download(browser, "/entities/")
    assert {label: name for label, (name, _) in found.items()} == {
        "CSV: these sites": 'attachment; filename="entities.csv"',
        "NDJSON: these sites": 'attachment; filename="entities.ndjson"',
        "CSV: where they stand": 'attachment; filename="usability.csv"',
        "NDJSON: where they stand": 'attachment; filename="usability.ndjson"',
    }


async def test_bugs_are_those_of_the_filter(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    other = await add_site(app, admin, "Other")
    yesterday = utcnow().date() - timedelta(days=1)
    await report(app, site, admin, "Waiting")
    await report(app, site, admin, "Done", state=FindingState.FIXED)
    await report(app, other, admin, "Grave", severity=Severity.CRITICAL, assignee=admin)
    await report(app, other, admin, "Late", due_on=yesterday)
    found = {
        path: await list_downloads(browser, path, "these bugs", "title")
        for path in (
            "/bugs",
            "/bugs?state=any",
            "/bugs?state=fixed",
            "/bugs?severity=critical",
            "/bugs?mine=1",
            "/bugs?overdue=1",
            "/bugs?q=my",
            "/entities/other/bugs",
        )
    }

    assert found == {
        "/bugs": ["Waiting", "Grave", "Late"],
        "/bugs?state=any": ["Waiting", "Done", "Grave", "Late"],
        "/bugs?state=fixed": ["Done"],
        "/bugs?severity=critical": ["Grave"],
        "/bugs?mine=1": ["Grave"],
        "/bugs?overdue=1": ["Late"],
        "/bugs?q=my": ["Waiting"],
        "/entities/other/bugs": ["Grave", "Late"],
    }


async def test_changes_are_those_of_the_filter(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    other = await add_site(app, admin, "Other")
    async with app.app_context():
        await add_tamper(site)
        await add_tamper(other)
        await add_tamper(other, TamperState.INCIDENT)
    for path, what, found in (
        ("/tampers", "these changes", ["#open", "#open", "#incident"]),
        ("/tampers?state=open&q=other", "these changes", ["#open"]),
        ("/entities/other/tamper", "all of them", ["#open", "#incident"]),
    ):
        assert await list_downloads(browser, path, what, "detail") == found


async def test_time_line_results_and_outages_are_those_of_the_site(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    await add_site(app, admin, "Other")
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(3):
            await look(start + number * HOUR, Reason.TLS)
    await report(app, site, admin, "Weak")
    path, line = "/entities/my-site/usability", "/entities/my-site/timeline"

    assert await list_downloads(browser, path, "all results", "reason") == ["tls"] * 3
    assert await list_downloads(browser, path, "all outages", "cause") == ["It was tls."]
    assert await list_downloads(browser, line, "all of this", "kind") == [
        "usability.down",
        "bug.opened",
    ]
    assert await list_downloads(browser, f"{line}?topic=bug", "all of this", "entity.name") == [
        "My site"
    ]


async def test_stranger_gets_no_file(client: QuartClient, site: Entity) -> None:
    for name in ("entities", "usability", "bugs", "tampers", "events"):
        response = await client.get(f"/api/v1/{name}.csv")
        assert response.status_code == 401, name
