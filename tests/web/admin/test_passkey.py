import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Passkey, User
from tests.services.events import Event, list_events
from tests.web.test_account import post, read


@pytest.fixture
async def _keys(app: Quart, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        for name in ("phone", "<b>"):
            given = {"public_key": b"x", "sign_count": 0, "transports": ""}
            session.add(Passkey(user_id=ann.id, name=name, credential_id=name, **given))


@pytest.mark.usefixtures("_keys")
async def test_passkeys_of_a_person_are_shown_and_removed(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    page = f"/admin/users/{ann.id}"
    _, shown = await read(browser, page)
    assert (">phone<" in shown, "&lt;b&gt;" in shown, "<b>" in shown) == (True, True, False)
    first = min(re.findall(r"/admin/passkeys/\d+/remove", shown))

    assert (await post(browser, first, page))[0] == 303
    _, shown = await read(browser, page)
    assert len(re.findall(r"/admin/passkeys/\d+/remove", shown)) == 1
    assert (await post(browser, first, page))[0] == 404
    async with app.app_context():
        last = (await list_events())[-1]
    assert last == Event("admin", "passkey-removed", "ann", "phone", "<local>")
