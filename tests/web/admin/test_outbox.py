import re
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import OutboxMessage, utcnow
from tests.mail.helpers import add_mail, load_messages
from tests.services.events import Event, list_events
from tests.web.test_account import post, read

LATER = utcnow() + timedelta(hours=1)
ENDS: list[tuple[str, dict[str, Any]]] = [
    ("Later", {"due_at": LATER, "attempts": 1, "last_error": "450 <later>"}),
    ("Sent", {"due_at": None, "sent_at": LATER}),
    ("Failed", {"due_at": None, "failed_at": LATER}),
    ("Taken", {"due_at": LATER, "claimed_by": "somebody"}),
]


@pytest.fixture
async def _mail(app: Quart) -> None:
    async with app.app_context():
        for subject, values in ENDS:
            await add_mail(subject=subject, text="a secret link")
            async with db.begin() as session:
                condition = OutboxMessage.subject == subject
                await session.execute(update(OutboxMessage).where(condition).values(**values))


@pytest.mark.usefixtures("_mail")
@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("", ["Taken", "Failed", "Sent", "Later"]),
        ("?state=waiting", ["Taken", "Later"]),
        ("?state=sent", ["Sent"]),
        ("?state=failed", ["Failed"]),
    ],
)
async def test_mail_is_listed_by_state_without_its_text(
    browser: QuartClient, query: str, subjects: list[str]
) -> None:
    _, page = await read(browser, f"/admin/outbox{query}")
    assert re.findall(r"<strong>(.*)</strong>", page) == subjects
    assert "secret" not in page
    assert ("tried 1 time: 450 &lt;later&gt;" in page) == ("Later" in subjects)


async def test_state_that_is_none_is_not_found(browser: QuartClient) -> None:
    assert (await read(browser, "/admin/outbox?state=lost"))[0] == 404


@pytest.mark.usefixtures("_mail")
async def test_mail_that_waits_can_be_sent_now(app: Quart, browser: QuartClient) -> None:
    _, page = await read(browser, "/admin/outbox")
    (path,) = re.findall(r"/admin/outbox/\d+/retry", page)
    before = utcnow()
    assert (await post(browser, path, "/admin/outbox"))[0] == 303
    async with app.app_context():
        later, sent, *_ = await load_messages()
    assert later.due_at
    assert before <= later.due_at <= utcnow()
    path = path.replace(str(later.id), str(sent.id))
    assert (await post(browser, path, "/admin/outbox"))[0] == 409


@pytest.mark.usefixtures("_mail")
async def test_mail_that_waits_can_be_cancelled(app: Quart, browser: QuartClient) -> None:
    _, page = await read(browser, "/admin/outbox")
    (path,) = re.findall(r"/admin/outbox/\d+/cancel", page)
    assert (await post(browser, path, "/admin/outbox"))[0] == 303
    assert (await post(browser, path, "/admin/outbox"))[0] == 409
    async with app.app_context():
        later, sent, *_ = await load_messages()
        assert (later.due_at, later.text, later.html) == (None, "", "")
        assert (later.state, later.last_error) == ("failed", "An administrator cancelled it.")
        last = (await list_events())[-1]
    assert last == Event("admin", "mail-cancelled", "", f"Later, to {later.recipient}", "<local>")
    path = path.replace(str(later.id), str(sent.id))
    assert (await post(browser, path, "/admin/outbox"))[0] == 409
