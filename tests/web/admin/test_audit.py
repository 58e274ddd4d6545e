import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Action, User
from quartapp.services.audit import record_event
from tests.web.test_account import read


@pytest.fixture
async def _events(app: Quart, admin: User, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        await record_event(
            session, Action.ROLE_CHANGED, by=admin, on=ann, detail="<b>", address="192.0.2.1"
        )
        await record_event(session, Action.USER_ENABLED, by=None, on=admin)


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=role-changed", [("Role changed: ann", "admin from 192.0.2.1")]),
        ("?action=user-enabled", [("User enabled: admin", "a command")]),
        ("?q=ann&action=role-changed", [("Role changed: ann", "admin from 192.0.2.1")]),
        ("?q=ann&action=user-enabled", []),
        (
            "?q=ann",
            [("Role changed: ann", "admin from 192.0.2.1"), ("User created: ann", "a command")],
        ),
    ],
)
async def test_log_is_read_by_action_and_person(
    browser: QuartClient, query: str, found: list[tuple[str, str]]
) -> None:
    _, page = await read(browser, f"/admin/audit{query}")
    assert re.findall(r"<strong>(.*)</strong>\n.*>by (.*), <time", page) == found
    assert "<b>" not in page


async def test_action_that_is_none_is_not_found(browser: QuartClient) -> None:
    assert (await read(browser, "/admin/audit?action=flown"))[0] == 404


async def test_log_has_pages_that_keep_what_was_asked(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        for _ in range(21):
            await record_event(session, Action.LOGOUT, by=None)
    _, page = await read(browser, "/admin/audit?action=logout")
    assert page.count("<strong>Logout</strong>") == 20
    assert 'rel="next" href="/admin/audit?page=2&amp;action=logout"' in page
