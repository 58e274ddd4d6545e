import pytest
from quart import Quart

from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.mail.links import send_invitation, write_link
from quartapp.models import Role, User
from quartapp.services.invitation import add_invitation
from tests.mail.helpers import load_messages


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("https://x.example.org/y", "https://x.example.org/y/auth/reset?token=abc"),
        ("", "http://127.0.0.1:5000/auth/reset?token=abc"),
    ],
)
async def test_link_starts_with_the_address_that_people_use(
    app: Quart, base: str, link: str
) -> None:
    app.config["PUBLIC_URL"] = base
    async with app.app_context():
        assert write_link("/auth/reset", "abc") == link


@pytest.mark.parametrize(
    ("role", "begin"),
    [
        (Role.EDITOR, "admin invites you to quartapp, as an editor."),
        (Role.VIEWER, "admin invites you to quartapp, as a viewer."),
    ],
)
async def test_invitation_says_who_invites_to_what(
    app: Quart, admin: User, role: Role, begin: str
) -> None:
    async with app.app_context(), db.begin() as session:
        token, link = await add_invitation(session, "a@example.org", role, admin)
        address = await send_invitation(session, link, token, admin)
    async with app.app_context():
        (message,) = await load_messages()
    assert (message.recipient, message.subject) == ("a@example.org", "You are invited to quartapp")
    assert message.text.startswith(begin)
    assert begin in " ".join(message.html.split())
    assert address.endswith(f"/auth/register?token={token}")
    assert f"\n\n{address}\n\n" in message.text
    assert f'<a href="{address}">' in message.html


async def test_nobody_is_invited_where_nobody_may_register(app: Quart, admin: User) -> None:
    app.config["REGISTRATION"] = "closed"
    async with app.app_context(), db.begin() as session:
        token, link = await add_invitation(session, "a@example.org", Role.VIEWER, admin)
        with pytest.raises(ConflictError, match="set REGISTRATION to invitation"):
            await send_invitation(session, link, token, admin)
