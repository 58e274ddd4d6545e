import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Purpose, User
from quartapp.services.link import use_link
from tests.mail.helpers import load_messages
from tests.web.test_account import post, read

NEW = "/admin/invitations/new"


async def test_invitation_is_sent_shown_once_and_revoked(app: Quart, browser: QuartClient) -> None:
    status, page = await post(browser, NEW, NEW, email="B@example.org", role="editor")
    (link,) = re.findall(r"http://127\.0\.0\.1:5000/auth/register\?token=[\w-]{43}", page)
    assert status == 201
    async with app.app_context():
        (message,) = await load_messages()
    assert (message.recipient, link in message.text) == ("b@example.org", True)

    _, page = await read(browser, "/admin/invitations")
    assert link not in page
    assert re.findall(r"<strong>(.*)</strong>\n.*>(\w+); invited", page) == [
        ("b@example.org", "editor")
    ]
    (path,) = re.findall(r"/admin/invitations/\d+/remove", page)
    assert (await post(browser, path, "/admin/invitations"))[0] == 303
    assert "No invitation is open." in (await read(browser, "/admin/invitations"))[1]
    assert (await post(browser, path, NEW))[0] == 404


async def test_link_holds_what_was_chosen(app: Quart, browser: QuartClient) -> None:
    _, page = await post(browser, NEW, NEW, email="b@example.org", role="viewer")
    (token,) = re.findall(r"token=([\w-]{43})", page)
    async with app.app_context(), db.begin() as session:
        link = await use_link(session, token, Purpose.INVITE)
    assert (link.email, link.role) == ("b@example.org", "viewer")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "x", "role": "editor"}, "This is not an e-mail address."),
        ({"email": "j\u00f6rg@example.org", "role": "editor"}, "This is not an e-mail address."),
        ({"email": "a@example.org", "role": "king"}, "Not a valid choice."),
        ({"email": "taken@example.org", "role": "editor"}, "belongs to another account"),
    ],
)
async def test_wrong_invitation_is_refused_beside_its_field(
    app: Quart, browser: QuartClient, ann: User, form: dict[str, str], words: str
) -> None:
    async with app.app_context(), db.begin() as session:
        (await session.merge(ann)).email = "taken@example.org"
    status, page = await post(browser, NEW, NEW, **form)
    assert (status, words in page) == (422, True)
    async with app.app_context():
        assert await load_messages() == []
