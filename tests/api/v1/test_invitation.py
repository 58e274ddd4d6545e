import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Purpose, User
from quartapp.services.link import use_link
from tests.api.helpers import Api
from tests.mail.helpers import load_messages


async def test_invitation_is_sent_listed_and_revoked(app: Quart, head: Api) -> None:
    sent = {"email": "B@example.org", "role": "editor"}
    status, made = await head("POST", "/invitations", json=sent)
    link = made.pop("link")
    path = head.answered["Location"].removeprefix("/api/v1")
    assert (status, made["email"], made["role"]) == (201, "b@example.org", "editor")
    async with app.app_context():
        (message,) = await load_messages()
        assert (message.recipient, link in message.text) == ("b@example.org", True)

    assert (await head("GET", "/invitations"))[1]["items"] == [made]
    assert await head("GET", path) == (200, made)
    assert await head("DELETE", path) == (204, None)
    assert [(await head(method, path))[0] for method in ("GET", "DELETE")] == [404, 404]


async def test_link_holds_what_was_sent(app: Quart, head: Api) -> None:
    _, made = await head("POST", "/invitations", json={"email": "b@example.org"})
    async with app.app_context(), db.begin() as session:
        link = await use_link(session, made["link"].partition("token=")[2], Purpose.INVITE)
    assert (link.email, link.role) == ("b@example.org", "viewer")


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"email": "x"}, 422, "email"),
        ({"email": "a@example.org", "role": "king"}, 422, "role"),
        ({}, 422, "email"),
        ({"email": "ANN@example.org"}, 409, "email"),
    ],
)
async def test_wrong_invitation_is_refused(
    app: Quart, head: Api, ann: User, sent: dict[str, str], status: int, field: str
) -> None:
    async with app.app_context(), db.begin() as session:
        (await session.merge(ann)).email = "ann@example.org"
    found, problem = await head("POST", "/invitations", json=sent)
    assert (found, problem["errors"][0]["loc"]) == (status, [field])
    async with app.app_context():
        assert await load_messages() == []
