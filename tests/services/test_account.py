import asyncio
from collections.abc import Awaitable, Callable

import pytest
from quart import Quart
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import AppError, BadRequestError, ConflictError
from quartapp.extensions import db
from quartapp.models import Comment, Entity, Link, Role, User, UserSession, utcnow
from quartapp.services.account import (
    ask_to_move,
    ask_to_register,
    ask_to_reset,
    confirm_email,
    register,
    remove_account,
    reset_password,
)
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity
from quartapp.services.invitation import add_invitation, select_invitations
from quartapp.services.session import open_session
from quartapp.services.user import edit_password
from tests.helpers import add_person
from tests.services.events import Event, list_events

ANN = "ann@example.org"


async def give_address(session: AsyncSession, user: User, email: str | None = ANN) -> None:
    await session.execute(update(User).where(User.id == user.id).values(email=email))


async def try_many(count: int, work: Callable[[AsyncSession], Awaitable[object]]) -> list[int]:
    """Do the same at once in sessions of their own; return how each ended."""

    async def attempt() -> int:
        try:
            async with db.begin() as session:
                await work(session)
        except AppError as error:
            return error.status
        return 200

    async with asyncio.TaskGroup() as tasks:
        tries = [tasks.create_task(attempt()) for _ in range(count)]
    return sorted(task.result() for task in tries)


# --- begin


async def test_link_makes_an_account_whose_address_is_confirmed(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        token = await ask_to_register(session, ANN)
        await add_invitation(session, ANN, Role.EDITOR, None)
        assert token
        user = await register(session, token, name="ann", password_hash="x")
        assert (user.name, user.email, user.role) == ("ann", ANN, Role.VIEWER)
        assert user.email_confirmed_at is not None
        assert list(await session.scalars(select(Link))) == []
        assert await ask_to_register(session, ANN) is None


async def test_newer_link_to_register_voids_the_older_and_no_invitation(
    app: Quart, admin: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_invitation(session, ANN, Role.EDITOR, admin)
            other = await ask_to_register(session, "other@example.org")
            old, new = [await ask_to_register(session, ANN) for _ in range(2)]
        async with db.begin() as session:
            invited = await session.scalars(select_invitations())
            assert [(link.email, link.role) for link in invited] == [(ANN, "editor")]
            assert old
            with pytest.raises(BadRequestError):
                await register(session, old, name="ann", password_hash="x")
            for token, name in ((new, "ann"), (other, "other")):
                assert token
                await register(session, token, name=name, password_hash="x")


# --- find back


async def test_reset_ends_every_session_and_every_link(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await give_address(session, admin)
            await open_session(session, admin, remember=True)
            found = await ask_to_reset(session, "admin")
            await ask_to_move(session, admin, "other@example.org")
            assert found
            assert found[0] == ANN
        async with db.begin() as session:
            user, revoked = await reset_password(session, found[1], "x")
            assert (user.id, revoked) == (admin.id, 0)
        async with db.begin() as session:
            assert list(await session.scalars(select(UserSession))) == []
            assert list(await session.scalars(select(Link))) == []


async def test_of_fifty_who_use_a_link_at_once_one_succeeds(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await give_address(session, admin)
            found = await ask_to_reset(session, ANN)
        assert found
        statuses = await try_many(50, lambda session: reset_password(session, found[1], "x"))

    busy = statuses.count(503)  # SQLite has one writer at a time: some are told to come back
    assert statuses == [200] + [400] * (49 - busy) + [503] * busy


NOBODY: dict[str, Callable[[AsyncSession, User], Awaitable[object]]] = {
    "no address": lambda session, user: give_address(session, user, None),
    "no address that mail can go to": lambda session, user: give_address(session, user, "ä@b.org"),
    "disabled": lambda session, _: session.execute(
        update(User).values(email=ANN, disabled_at=utcnow())
    ),
}


@pytest.mark.parametrize("kind", [*NOBODY, "unknown"])
async def test_link_to_reset_goes_to_nobody_else(app: Quart, admin: User, kind: str) -> None:
    async with app.app_context(), db.begin() as session:
        if kind in NOBODY:
            await NOBODY[kind](session, admin)
        assert await ask_to_reset(session, "admin" if kind in NOBODY else "nobody") is None


async def test_changed_password_voids_the_link_to_reset_it(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        await give_address(session, admin)
        found = await ask_to_reset(session, "admin")
        await edit_password(session, admin, "x")
        assert found
        with pytest.raises(BadRequestError):
            await reset_password(session, found[1], "x")


async def test_password_that_somebody_else_changed_meanwhile_stays(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await edit_password(session, admin, "first")
        with pytest.raises(ConflictError, match="changed in the meantime"):
            async with db.begin() as session:
                await edit_password(session, admin, "second")
        async with db.read() as session:
            assert list(await session.scalars(select(User.password_hash))) == ["first"]


# --- move


async def test_confirmed_address_takes_the_place_of_the_old_one(app: Quart, admin: User) -> None:
    async with app.app_context():
        for before, after in ((None, ANN), (ANN, ANN), (ANN, "new@example.org")):
            async with db.begin() as session:
                token = await ask_to_move(session, admin, after)
                assert token
                reset = await ask_to_reset(session, "admin")
            async with db.begin() as session:
                user, told = await confirm_email(session, token)
                assert (user.email, told) == (after, before if before != after else None)
                assert user.email_confirmed_at is not None
                if reset:
                    with pytest.raises(BadRequestError):
                        await reset_password(session, reset[1], "x")
        assert await list_events() == [
            Event("admin", "email-confirmed", "admin", email)
            for email in (ANN, ANN, "new@example.org")
        ]


async def test_address_that_no_mail_can_go_to_is_left_without_a_word(
    app: Quart, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await give_address(session, admin, "ä@b.org")
        token = await ask_to_move(session, admin, ANN)
        assert token
        assert (await confirm_email(session, token))[1] is None


async def test_address_of_another_is_not_taken_over(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            early = await ask_to_move(session, admin, ANN)
            await give_address(session, await add_person(session, "ann"))
            assert await ask_to_move(session, admin, ANN) is None
        assert early
        with pytest.raises(ConflictError):
            async with db.begin() as session:
                await confirm_email(session, early)


# --- end


async def test_what_somebody_wrote_stays_without_the_name(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            entity = await add_entity(session, name="a", url="http://a.test/", owner=ann)
            await add_comment(session, entity, "Hello", ann)
            await open_session(session, ann)
            await remove_account(session, ann)
        async with db.begin() as session:
            assert list(await session.scalars(select(User.name))) == ["admin"]
            assert list(await session.scalars(select(UserSession))) == []
            assert [row.owner_id for row in await session.scalars(select(Entity))] == [None]
            assert [row.author_id for row in await session.scalars(select(Comment))] == [None]


async def test_last_administrator_stays(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(ConflictError, match="last administrator"):
            await remove_account(session, admin)
        other = await add_person(session, "other", role=Role.ADMIN)
        await remove_account(session, admin)
        with pytest.raises(ConflictError, match="last administrator"):
            await remove_account(session, other)
