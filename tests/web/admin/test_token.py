import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Scope, User
from quartapp.services.token import add_token
from tests.services.events import Event, list_events
from tests.web.test_account import post, read

ROW = r'<a href="/admin/users/\d+">(.*)</a>\s*<span class="hint"><strong>(.*)</strong> <code>(.*)…'


@pytest.fixture
async def secrets(app: Quart, admin: User, ann: User) -> list[str]:
    """Tokens of the administrator and of ann."""
    async with app.app_context(), db.begin() as session:
        first, _ = await add_token(session, admin, "robot", scope=Scope.ADMIN)
        second, _ = await add_token(session, ann, "backup <b>", scope=Scope.READ)
    return [first, second]


async def test_tokens_of_everybody_are_listed_and_found_by_person(
    browser: QuartClient, secrets: list[str]
) -> None:
    hers = ("ann", "backup &lt;b&gt;", secrets[1][:8])
    _, page = await read(browser, "/admin/tokens")
    assert re.findall(ROW, page) == [hers, ("admin", "robot", secrets[0][:8])]
    assert re.findall(r"may (\w+); made", page) == ["read", "admin"]
    assert page.count("never used") == 2
    assert not any(secret in page for secret in secrets)
    assert re.findall(ROW, (await read(browser, "/admin/tokens?q=NN"))[1]) == [hers]
    assert "There is no token." in (await read(browser, "/admin/tokens?q=zoe"))[1]


async def test_token_is_revoked_from_the_list(
    app: Quart, browser: QuartClient, secrets: list[str]
) -> None:
    _, page = await read(browser, "/admin/tokens?q=ann")
    (path,) = re.findall(r"/admin/tokens/\d+/remove", page)

    assert (await post(browser, path, "/admin/tokens"))[0] == 303
    rows = re.findall(ROW, (await read(browser, "/admin/tokens"))[1])
    assert [row[0] for row in rows] == ["admin"]
    async with app.app_context():
        last = (await list_events())[-1]
    assert last == Event("admin", "token-revoked", "ann", "backup <b>", "<local>")
