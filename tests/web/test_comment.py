"""What somebody said is changed and removed on pages."""

import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.services.comment import add_comment
from tests.api.helpers import add_site
from tests.helpers import add_person, sign_in
from tests.web.bugs import get, send

SITE = "/entities/my-site"


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


@pytest.fixture
async def comment_id(app: Quart, site: Entity, admin: User) -> int:
    async with app.app_context(), db.begin() as session:
        return (await add_comment(session, site, "It is <slow>.", admin)).id


async def list_links(client: QuartClient) -> list[str]:
    return re.findall(r'href="(/entities/my-site/comments/[^"]*)"', (await get(client, SITE))[1])


async def test_comment_is_changed(browser: QuartClient, comment_id: int) -> None:
    path = f"{SITE}/comments/{comment_id}/edit"
    assert await list_links(browser) == [path, path.replace("edit", "remove")]
    assert "It is &lt;slow&gt;." in (await get(browser, path))[1]
    assert (await send(browser, path, body="It was slow."))[:2] == (303, SITE)
    page = (await get(browser, SITE))[1]
    assert "The comment was changed." in page
    assert ("It was slow." in page, "&lt;slow&gt;" in page) == (True, False)


async def test_empty_comment_is_an_error_beside_its_field(
    browser: QuartClient, comment_id: int
) -> None:
    status, _, page = await send(browser, f"{SITE}/comments/{comment_id}/edit", body=" ")
    assert (status, 'id="body-errors"' in page) == (422, True)


async def test_comment_is_removed_from_the_time_line(browser: QuartClient, comment_id: int) -> None:
    path = f"{SITE}/comments/{comment_id}/remove"
    assert "It is &lt;slow&gt;." in (await get(browser, path))[1]
    assert (await send(browser, path))[:2] == (303, SITE)
    page = (await get(browser, SITE))[1]
    assert ("The comment was removed." in page, "Nothing happened." in page) == (True, True)
    assert (await get(browser, path))[0] == 404


async def test_somebody_else_reads_but_does_not_change_it(
    app: Quart, site: Entity, comment_id: int
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob")
    bob = await sign_in(app.test_client(), "bob")
    assert "It is &lt;slow&gt;." in (await get(bob, SITE))[1]
    assert await list_links(bob) == []
    assert (await get(bob, f"{SITE}/comments/{comment_id}/edit"))[0] == 403
    assert (await get(bob, f"{SITE}/comments/{comment_id}/remove"))[0] == 403


async def test_comment_is_only_at_its_site(
    app: Quart, browser: QuartClient, admin: User, comment_id: int
) -> None:
    await add_site(app, admin, "Other")
    assert (await get(browser, f"/entities/other/comments/{comment_id}/edit"))[0] == 404
