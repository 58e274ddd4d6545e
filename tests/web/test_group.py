"""Groups of sites: pages that make them, and what strangers see of them."""

import re
from urllib.parse import urlencode

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity
from quartapp.services.entity import add_entity
from tests.helpers import add_person, read_token, sign_in

FORM = {"name": "Shops", "description": "Where <we> sell.", "is_public": "y"}


@pytest.fixture
async def sites(app: Quart) -> list[Entity]:
    async with app.app_context(), db.begin() as session:
        return [
            await add_entity(
                session, name=name, url=f"http://{name}.test/", is_public=is_public, owner=None
            )
            for name, is_public in [("open", True), ("secret", False), ("other", True)]
        ]


async def send(browser: QuartClient, path: str, **form: object) -> tuple[int, str]:
    token = await read_token(browser, "/auth/confirm")
    data = urlencode({**form, "csrf_token": token}, doseq=True)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser.post(path, data=data, headers=headers)
    return response.status_code, str(await response.get_data(as_text=True))


async def read(client: QuartClient, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def find_group(browser: QuartClient, name: str = "Shops") -> str:
    """Return the path of a group."""
    found = re.search(
        rf'href="(/groups/\d+)/edit" aria-label="Change {name}"', await read(browser, "/groups")
    )
    assert found
    return found[1]


async def test_group_is_made_shown_changed_and_removed(
    app: Quart, browser: QuartClient, sites: list[Entity]
) -> None:
    ids = [str(site.id) for site in sites]
    assert (await send(browser, "/groups/new", **FORM, entity_ids=ids[:2]))[0] == 303
    page = await read(browser, "/groups")
    assert "Shops is kept." in page
    assert '<span class="hint">2 sites</span>' in page
    assert 'href="/status/groups/shops"' in page

    stranger = app.test_client()
    page = await read(stranger, "/status/groups/shops")
    assert "<h1>Shops</h1>" in page
    assert '<p class="text">Where &lt;we&gt; sell.</p>' in page
    assert ("http://open.test/" in page, "secret" in page, "other.test" in page) == (1, 0, 0)
    assert '<a href="/status/groups/shops">Shops</a>' in await read(stranger, "/status/")

    path = await find_group(browser)
    page = await read(browser, f"{path}/edit")
    assert page.count("<option selected") == 2
    assert (await send(browser, f"{path}/edit", name="Shops"))[0] == 303
    assert (await stranger.get("/status/groups/shops")).status_code == 404
    assert "Shops" not in await read(stranger, "/status/")

    assert (await send(browser, f"{path}/remove"))[0] == 303
    assert "None yet." in await read(browser, "/groups")


async def test_taken_name_stands_beside_its_field(
    browser: QuartClient, sites: list[Entity]
) -> None:
    await send(browser, "/groups/new", **FORM)
    await send(browser, "/groups/new", name="Others")
    for path in ("/groups/new", f"{await find_group(browser, 'Others')}/edit"):
        status, page = await send(browser, path, **FORM)
        assert status == 422
        assert "The name &#39;Shops&#39; is taken." in page


async def test_site_that_is_not_there_cannot_be_chosen(
    browser: QuartClient, sites: list[Entity]
) -> None:
    assert (await send(browser, "/groups/new", **FORM, entity_ids=["1000"]))[0] == 422


async def test_editor_sees_groups_and_changes_none(app: Quart, browser: QuartClient) -> None:
    await send(browser, "/groups/new", **FORM)
    async with app.app_context(), db.begin() as session:
        await add_person(session, "editor")
    editor = await sign_in(app.test_client(), "editor")
    page = await read(editor, "/groups")

    assert "Shops" in page
    assert '<button class="danger"' not in page
    assert "/groups/new" not in page
    assert (await editor.get(f"{await find_group(browser)}/edit")).status_code == 403
