"""The address of a site, as pages show it."""

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Entity, User
from tests.web.test_entity import add_site, get


@pytest.mark.parametrize("path", ["/entities/my-site", "/status/my-site"])
async def test_address_that_asks_no_server_is_no_link(
    app: Quart, admin: User, browser: QuartClient, path: str
) -> None:
    """No form takes such an address; a row may have it all the same."""
    await add_site(app, admin)
    for url, count in (("HTTPS://example.org/", 1), ("javascript:alert(1)", 0)):
        async with app.app_context(), db.begin() as session:
            await session.execute(update(Entity).values(url=url, is_public=True))
        _, page = await get(browser, path)
        assert url in page
        assert page.count(f'href="{url}"') == count
