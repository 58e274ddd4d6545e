import re
from datetime import datetime

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Action, AuditEvent, User
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


@pytest.fixture
async def _old(app: Quart) -> None:
    """Three logouts, around the turn of a year."""
    moments = ["2025-12-31T23:59:59.999999", "2026-01-01T00:00:00", "2026-01-02T00:00:00"]
    async with app.app_context(), db.begin() as session:
        for moment in moments:
            await record_event(session, Action.LOGOUT, by=None, detail=moment[:10])
            latest = AuditEvent.detail == moment[:10]
            at = datetime.fromisoformat(f"{moment}+00:00")
            await session.execute(update(AuditEvent).where(latest).values(created_at=at))


@pytest.mark.usefixtures("_old")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from=2026-01-01&to=2026-01-01", ["2026-01-01"]),
        ("from=2026-01-01", ["2026-01-02", "2026-01-01"]),
        ("to=2025-12-31", ["2025-12-31"]),
        ("from=0001-01-01&to=9999-12-31", ["2026-01-02", "2026-01-01", "2025-12-31"]),
        ("from=2026-01-02&to=2026-01-01", []),
        ("from=&to=", ["2026-01-02", "2026-01-01", "2025-12-31"]),
    ],
)
async def test_log_is_read_by_days(browser: QuartClient, query: str, found: list[str]) -> None:
    _, page = await read(browser, f"/admin/audit?action=logout&{query}")
    assert re.findall(r'<span class="hint">([\d-]+)</span>', page) == found
    first = re.match(r"from=([\d-]*)", query)
    assert f'name="from" type="date" value="{first[1] if first else ""}"' in page


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026-13-01"])
async def test_day_that_is_none_is_not_found(browser: QuartClient, day: str) -> None:
    assert (await read(browser, f"/admin/audit?from={day}"))[0] == 404


async def test_log_has_pages_that_keep_what_was_asked(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        for _ in range(21):
            await record_event(session, Action.LOGOUT, by=None)
    _, page = await read(browser, "/admin/audit?action=logout&to=9999-12-31")
    assert page.count("<strong>Logout</strong>") == 20
    assert 'rel="next" href="/admin/audit?page=2&amp;action=logout&amp;to=9999-12-31"' in page
