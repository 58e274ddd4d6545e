"""What is begun at the very moment when the sessions of its user are ended."""

import pytest
from cryptography.fernet import Fernet, MultiFernet
from quart import Quart
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import UnauthorizedError
from quartapp.extensions import db
from quartapp.models import Link, User, UserSession
from quartapp.services.account import ask_to_move
from quartapp.services.entity import add_entity
from quartapp.services.people import disable_user
from quartapp.services.second_factor import replace_recovery_codes
from quartapp.services.session import (
    close_sessions,
    end_sessions,
    open_session,
    remove_session,
    wake_session,
)
from quartapp.services.user import edit_password
from tests.helpers import add_factor
from tests.services.meeting import Work, do, do_at_once
from tests.services.waking import begin

BOX = MultiFernet([Fernet(Fernet.generate_key())])


async def move(session: AsyncSession, user: User) -> None:
    assert await ask_to_move(session, user, "thief@example.org")


async def end_one(session: AsyncSession, user: User) -> None:
    (session_id,) = await session.scalars(select(UserSession.id))
    await remove_session(session, session_id, user)


async def turn_on(session: AsyncSession, user: User) -> None:
    await add_factor(session, user, BOX)
    await close_sessions(session, user)


async def change_password(session: AsyncSession, user: User) -> None:
    await edit_password(session, user, "x")
    await close_sessions(session, user)


ENDS: dict[str, Work] = {
    "all are ended": lambda session, user: end_sessions(session, user, user),
    "a factor is turned on": turn_on,
    "the password changes": change_password,
    "the user is disabled": lambda session, user: disable_user(session, user, None),
}


async def count_left() -> tuple[int, int]:
    """Return how many sessions and links there are."""
    async with db.read() as session:
        sessions, links = [list(await session.scalars(select(of))) for of in (UserSession, Link)]
    return len(sessions), len(links)


@pytest.fixture
async def bob(people: list[User]) -> User:
    """Somebody whom the house can do without."""
    return people[1]


@pytest.mark.parametrize("end", ENDS)
async def test_session_that_is_being_opened_ends_as_well(app: Quart, bob: User, end: str) -> None:
    async with app.app_context():
        await do_at_once(bob, open_session, ENDS[end])
        assert await count_left() == (0, 0)


async def test_session_that_is_being_woken_ends_as_well(app: Quart, bob: User) -> None:
    async with app.app_context():
        opened = await begin(bob, remember=True)

        async def wake(session: AsyncSession, _: User) -> None:
            assert await wake_session(session, opened.remember or "")

        await do_at_once(bob, wake, ENDS["all are ended"])
        assert await count_left() == (0, 0)


@pytest.mark.parametrize("end", ["all are ended", "one is ended", "codes are made"])
async def test_link_that_is_being_made_is_void(app: Quart, bob: User, end: str) -> None:
    ends = {**ENDS, "one is ended": end_one, "codes are made": replace_recovery_codes}
    async with app.app_context():
        await do(bob, lambda session, user: add_factor(session, user, BOX))
        await begin(bob)
        await do_at_once(bob, move, ends[end])
        assert (await count_left())[1] == 0


async def test_who_is_signed_out_meanwhile_gets_no_link(app: Quart, bob: User) -> None:
    async with app.app_context():
        await begin(bob)
        async with db.read() as session:
            (session_id,) = await session.scalars(select(UserSession.id))

        async def move_from_there(session: AsyncSession, user: User) -> None:
            await ask_to_move(session, user, "thief@example.org", session_id=session_id)

        with pytest.raises(UnauthorizedError):
            await do_at_once(bob, ENDS["all are ended"], move_from_there)
        assert await count_left() == (0, 0)


@pytest.mark.parametrize("database_kind", ["postgres"])  # MariaDB waits for who refers to a row
@pytest.mark.parametrize("work", [open_session, close_sessions])
async def test_nobody_waits_for_what_only_refers_to_the_user(
    app: Quart, bob: User, work: Work
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_entity(session, name="a", url="http://a.test/", owner=bob)
        await session.flush()
        async with db.begin() as other:
            await work(other, bob)
