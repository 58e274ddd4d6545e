import re
from collections.abc import AsyncIterator

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp import create_app
from quartapp.config import Config
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.models import Role
from tests.helpers import add_person, sign_in
from tests.web.test_account import read

ROW = r"<code>([A-Z_]+)</code><br>.*</th>\s*<td>(?:<code>)?(.*?)(?:</code>)?</td>\s*<td>(.*)</td>"
CANARY = "canary-of-a-secret-" * 3
GIVEN = {
    "TESTING": True,
    "SECRET_KEY": CANARY,
    "SECRET_KEY_FALLBACKS": f"{CANARY}-1,{CANARY}-2",
    "REDIS_URL": f"redis://user:{CANARY}@127.0.0.1:1/0?client_name={CANARY}",
    "MAIL_PASSWORD": CANARY,
    "MAIL_USERNAME": "mailer",
    "UNKNOWN_TO_ALL": CANARY,
    "PER_PAGE": 7,
    "RATE_LIMITS": False,
}


@pytest.fixture
async def canaries() -> AsyncIterator[Quart]:
    app = create_app(GIVEN)
    yield app
    async with app.app_context():
        await db.engine.dispose()


async def test_page_has_every_setting_and_no_secret(canaries: Quart) -> None:
    app = canaries
    async with app.app_context():
        await upgrade(db.engine)
        async with db.begin() as session:
            await add_person(session, "root", role=Role.ADMIN)
    browser = await sign_in(app.test_client(), "root")
    status, page = await read(browser, "/admin/settings")
    found = {name: (value, origin) for name, value, origin in re.findall(ROW, page)}
    assert (status, list(found)) == (200, list(Config.model_fields))
    assert "canary" not in page
    assert {name: found[name] for name in GIVEN if name in found} == {
        "TESTING": ("true", "given"),
        "SECRET_KEY": ("set, hidden", "given"),
        "SECRET_KEY_FALLBACKS": ("set, hidden", "given"),
        "REDIS_URL": ("redis://127.0.0.1:1/0", "given"),
        "MAIL_PASSWORD": ("set, hidden", "given"),
        "MAIL_USERNAME": ("mailer", "given"),
        "PER_PAGE": ("7", "given"),
        "RATE_LIMITS": ("false", "given"),
    }
    assert found["CHECK_SLOTS"] == ("50", "default")
    assert found["PUBLIC_URL"] == ("unset", "default")


async def test_page_says_which_settings_they_are(browser: QuartClient) -> None:
    assert "checked as TestingConfig." in (await read(browser, "/admin/settings"))[1]
