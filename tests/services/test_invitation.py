from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from quartapp.extensions import db
from quartapp.models import Link, Purpose, Role, User, utcnow
from quartapp.services.account import remove_account
from quartapp.services.invitation import (
    add_invitation,
    get_invitation,
    remove_invitation,
    select_invitations,
)
from quartapp.services.link import add_link, use_link
from quartapp.services.people import disable_user, edit_role
from quartapp.services.user import add_user
from tests.helpers import add_person
from tests.services.events import Event, list_events


async def list_invitations() -> list[tuple[str | None, str | None]]:
    async with db.read() as session:
        return [(link.email, link.role) for link in await session.scalars(select_invitations())]


async def test_invitation_stands_for_an_address_and_a_role(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_link(session, Purpose.RESET, user=admin)
            _, link = await add_invitation(session, "A@Example.org", Role.EDITOR, admin)
            assert await get_invitation(session, link.id) is link
            await add_invitation(session, "b@example.org", Role.ADMIN, None)
        assert await list_invitations() == [
            ("b@example.org", "admin"),
            ("a@example.org", "editor"),
        ]
        assert await list_events() == [
            Event("admin", "invited", "a@example.org", "editor"),
            Event("", "invited", "b@example.org", "admin"),
        ]


async def test_newer_invitation_voids_the_older(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            old, _ = await add_invitation(session, "a@example.org", Role.EDITOR, admin)
            new, _ = await add_invitation(session, "A@example.org", Role.VIEWER, admin)
        assert await list_invitations() == [("a@example.org", "viewer")]
        async with db.begin() as session:
            assert (await use_link(session, new, Purpose.INVITE)).role == Role.VIEWER
            with pytest.raises(BadRequestError):
                await use_link(session, old, Purpose.INVITE)


@pytest.mark.parametrize("email", ["", "x", "a b@example.org", "jörg@example.org"])
async def test_address_that_takes_no_mail_is_refused(app: Quart, admin: User, email: str) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(InvalidError) as caught:
            await add_invitation(session, email, Role.EDITOR, admin)
    assert [error.loc for error in caught.value.errors] == [("email",)]


async def test_who_has_an_account_is_not_invited(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        await add_user(session, name="ann", password_hash="x", email="ann@example.org")
        with pytest.raises(ConflictError, match="belongs to another account"):
            await add_invitation(session, "Ann@example.org", Role.EDITOR, admin)


async def test_only_administrators_invite(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        _, link = await add_invitation(session, "b@example.org", Role.EDITOR, None)
        for attempt in (
            add_invitation(session, "a@example.org", Role.ADMIN, ann),
            remove_invitation(session, link.id, ann),
        ):
            with pytest.raises(ForbiddenError):
                await attempt


async def test_invitation_is_revoked(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token, link = await add_invitation(session, "a@example.org", Role.EDITOR, admin)
            await remove_invitation(session, link.id, admin)
            for attempt in (
                remove_invitation(session, link.id, admin),
                get_invitation(session, link.id),
            ):
                with pytest.raises(NotFoundError):
                    await attempt
            with pytest.raises(BadRequestError):
                await use_link(session, token, Purpose.INVITE)
        assert (await list_events())[1:] == [Event("admin", "invitation-revoked", "a@example.org")]


async def test_expired_invitation_is_not_there(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            _, link = await add_invitation(session, "a@example.org", Role.EDITOR, admin)
        async with db.begin() as session:
            past = utcnow() - timedelta(seconds=1)
            await session.execute(update(Link).values(expires_at=past))
            with pytest.raises(NotFoundError):
                await get_invitation(session, link.id)
        assert await list_invitations() == []


async def demote(session: AsyncSession, user: User, by: User) -> None:
    await edit_role(session, user, Role.EDITOR, by)


async def leave(session: AsyncSession, user: User, _by: User) -> None:
    await remove_account(session, user)


@pytest.mark.parametrize("end", [demote, disable_user, leave])
async def test_invitations_of_who_may_make_none_any_more_are_void(
    app: Quart, admin: User, end: Callable[[AsyncSession, User, User], Awaitable[None]]
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            eve = await add_person(session, "eve", role=Role.ADMIN)
            await add_invitation(session, "by-eve@example.org", Role.ADMIN, eve)
            await add_invitation(session, "first-by-eve@example.org", Role.ADMIN, eve)
        async with db.begin() as session:
            await add_invitation(session, "first-by-eve@example.org", Role.EDITOR, admin)
            await add_invitation(session, "by-admin@example.org", Role.ADMIN, admin)
            await add_invitation(session, "by-command@example.org", Role.ADMIN, None)
        async with db.begin() as session:
            await end(session, eve, admin)

        assert await list_invitations() == [
            ("by-command@example.org", "admin"),
            ("by-admin@example.org", "admin"),
            ("first-by-eve@example.org", "editor"),
        ]
