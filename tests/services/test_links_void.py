"""A link that would move an account to another address, once its owner has locked up."""

from collections.abc import Awaitable, Callable

import pytest
from cryptography.fernet import Fernet, MultiFernet
from quart import Quart
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import Passkey, Role, User, UserSession
from quartapp.services.account import ask_to_move, confirm_email
from quartapp.services.ceremony import describe_creation
from quartapp.services.passkey import add_passkey, remove_passkey
from quartapp.services.people import edit_role
from quartapp.services.second_factor import replace_recovery_codes
from quartapp.services.session import end_sessions, open_session, remove_session
from quartapp.services.user import edit_password
from tests.authenticator import Authenticator
from tests.helpers import add_factor, add_person
from tests.services.test_passkey import SITE, make_challenge

BOX = MultiFernet([Fernet(Fernet.generate_key())])
Work = Callable[[AsyncSession, User], Awaitable[object]]


async def end_one(session: AsyncSession, user: User) -> None:
    await open_session(session, user)
    (session_id,) = await session.scalars(select(UserSession.id))
    await remove_session(session, session_id, user)


async def make_codes(session: AsyncSession, user: User) -> None:
    await add_factor(session, user, BOX)
    await replace_recovery_codes(session, user)


async def enroll(session: AsyncSession, user: User) -> None:
    challenge = make_challenge()
    wanted = describe_creation(user, [], site=SITE, challenge=challenge.value)
    answer = Authenticator().create(wanted)
    await add_passkey(session, user, answer, name="phone", site=SITE, challenge=challenge)


async def unenroll(session: AsyncSession, user: User) -> None:
    row = Passkey(
        user=user, name="phone", credential_id="c", public_key=b"k", sign_count=0, transports=""
    )
    session.add(row)
    await session.flush()
    await remove_passkey(session, row.id, user)


LOCKING: dict[str, Work] = {
    "browsers signed out": lambda session, user: end_sessions(session, user, user),
    "one browser signed out": end_one,
    "another role": lambda session, user: edit_role(session, user, Role.EDITOR, None),
    "new recovery codes": make_codes,
    "a new passkey": enroll,
    "a passkey less": unenroll,
}


@pytest.mark.parametrize("kind", LOCKING)
async def test_link_that_moves_an_account_is_void(app: Quart, kind: str) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann", role=Role.VIEWER)
        bob = await add_person(session, "bob")
        token, other = [await ask_to_move(session, who, f"{who.name}@x.org") for who in (ann, bob)]
        assert token
        assert other
        await LOCKING[kind](session, ann)
        with pytest.raises(BadRequestError):
            await confirm_email(session, token)
        assert (await confirm_email(session, other))[0].email == "bob@x.org"


async def test_who_was_in_while_the_password_changed_cannot_move_the_account(
    app: Quart, admin: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await edit_password(session, admin, "x")
        async with db.begin() as session:
            with pytest.raises(UnauthorizedError):
                await ask_to_move(session, admin, "thief@example.org")
