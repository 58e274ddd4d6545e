"""Incidents: pages that tell of them, and what strangers read."""

import re
from urllib.parse import urlencode

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, Role
from quartapp.services.entity import add_entity
from tests.helpers import add_person, read_token, sign_in

FORM = {"title": "Slow <answers>", "impact": "major", "state": "identified", "body": "A <disk>."}


@pytest.fixture
async def sites(app: Quart) -> list[Entity]:
    async with app.app_context(), db.begin() as session:
        return [
            await add_entity(
                session, name=name, url=f"http://{name}.test/", is_public=is_public, owner=None
            )
            for name, is_public in [("open", True), ("secret", False)]
        ]


async def send(browser: QuartClient, path: str, **form: object) -> tuple[int, str]:
    """Send a form; return the status, and where it leads or the page."""
    token = await read_token(browser, "/auth/confirm")
    data = urlencode({**form, "csrf_token": token}, doseq=True)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser.post(path, data=data, headers=headers)
    return response.status_code, response.location or str(await response.get_data(as_text=True))


async def read(client: QuartClient, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200
    return " ".join(str(await response.get_data(as_text=True)).split())


async def test_incident_is_told_noted_and_removed(
    app: Quart, browser: QuartClient, sites: list[Entity]
) -> None:
    ids = [str(site.id) for site in sites]
    since = {"started_at": "2026-01-01T10:00"}
    status, path = await send(browser, "/incidents/new", **FORM, **since, entity_ids=ids)
    assert status == 303
    page = await read(browser, path)
    assert "Identified · admin · <time" in page
    assert '<p class="text">A &lt;disk&gt;.</p>' in page
    assert '"2026-01-01T10:00:00+00:00"' in page

    stranger = app.test_client()
    for address in ("/status/", "/status/open"):
        shown = await read(stranger, address)
        assert '<h2 id="incidents">Incidents</h2>' in shown
        assert "<h3>Slow &lt;answers&gt;</h3>" in shown
        assert '<p class="text">A &lt;disk&gt;.</p>' in shown
        assert ("admin" in shown, "secret" in shown) == (False, False)

    form = {"state": "resolved", "body": "Done."}
    assert await send(browser, f"{path}/notes", **form) == (303, path)
    shown = await read(stranger, "/status/")
    assert '<h2 id="resolved">Resolved in the last 14 days</h2>' in shown
    assert '<h2 id="incidents">' not in shown
    assert re.search("Resolved · <time.*Done.*Identified · <time.*A &lt;disk", shown)

    assert await send(browser, f"{path}/remove") == (303, "/incidents")
    assert "None yet." in await read(browser, "/incidents")
    assert "Slow" not in await read(stranger, "/status/")


@pytest.mark.parametrize(("impact", "headline"), [("none", "new"), ("minor", "incident")])
async def test_headline_says_that_there_is_an_incident(
    browser: QuartClient, sites: list[Entity], impact: str, headline: str
) -> None:
    await send(browser, "/incidents/new", **{**FORM, "impact": impact})
    assert f'<p class="headline {headline}">' in await read(browser, "/status/")


async def test_incident_is_changed(browser: QuartClient, sites: list[Entity]) -> None:
    _, path = await send(browser, "/incidents/new", **FORM, entity_ids=[str(sites[1].id)])
    page = await read(browser, f"{path}/edit")
    assert page.count("<option selected") == 2
    form = {"title": "Fast", "impact": "none", "entity_ids": [str(sites[0].id)]}
    assert await send(browser, f"{path}/edit", **form) == (303, path)
    page = await read(browser, path)
    assert "<h1>Fast</h1>" in page
    assert ('href="/entities/open"' in page, 'href="/entities/secret"' in page) == (True, False)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"title": ""}, "This field is required."),
        ({"body": " "}, "This field is required."),
        ({"started_at": "2126-01-01T00:00"}, "It has not happened yet."),
    ],
)
async def test_wrong_incident_is_refused_beside_its_field(
    browser: QuartClient, wrong: dict[str, str], refusal: str
) -> None:
    status, page = await send(browser, "/incidents/new", **{**FORM, **wrong})
    assert (status, refusal in page) == (422, True)


async def test_note_without_words_is_refused(browser: QuartClient) -> None:
    _, path = await send(browser, "/incidents/new", **FORM)
    status, page = await send(browser, f"{path}/notes", state="resolved", body="")
    assert (status, "This field is required." in page) == (422, True)
    assert "Resolved ·" not in await read(browser, path)


async def test_viewer_reads_and_writes_nothing(app: Quart, browser: QuartClient) -> None:
    _, path = await send(browser, "/incidents/new", **FORM)
    async with app.app_context(), db.begin() as session:
        await add_person(session, "viewer", role=Role.VIEWER)
    viewer = await sign_in(app.test_client(), "viewer")

    assert "/incidents/new" not in await read(viewer, "/incidents")
    page = await read(viewer, path)
    assert ("A &lt;disk&gt;." in page, "Add the note" in page) == (True, False)
    assert (await viewer.get(f"{path}/edit")).status_code == 403
    assert (await send(viewer, f"{path}/notes", state="resolved", body="Done."))[0] == 403
