from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import UnauthorizedError
from quartapp.extensions import db
from quartapp.models import User, UserSession, utcnow
from quartapp.models.session import FRESH, GRACE, IDLE
from quartapp.services.account import ask_to_move
from quartapp.services.session import (
    close_session,
    confirm_session,
    find_session,
    open_session,
    record_factor,
    record_seen,
    renew_session,
    wake_session,
)
from tests.helpers import add_person
from tests.services.waking import begin, change, count, find_name, load_rows, renew, wake

SECOND = timedelta(seconds=1)


async def test_session_stands_for_its_user_until_it_is_closed(app: Quart, admin: User) -> None:
    async with app.app_context():
        one, other = await begin(admin), await begin(admin)
        assert [await find_name(one.token), await find_name(other.token)] == ["admin", "admin"]
        async with db.begin() as session:
            row = await find_session(session, one.token)
            assert row
            await close_session(session, row)
        assert [await find_name(one.token), await find_name(other.token)] == [None, "admin"]
        assert one.remember is None


ENDS: dict[str, Callable[[], Awaitable[None]]] = {
    "its last day": lambda: change(expires_at=utcnow() - SECOND),
    "idle": lambda: change(seen_at=utcnow() - IDLE - SECOND),
}


@pytest.mark.parametrize("end", ENDS)
async def test_session_ends_by_itself(app: Quart, admin: User, end: str) -> None:
    async with app.app_context():
        opened = await begin(admin)
        await ENDS[end]()
        assert await find_name(opened.token) is None


async def test_session_of_who_is_disabled_lets_nobody_in(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=True)
        async with db.begin() as session:
            await session.execute(update(User).values(disabled_at=utcnow()))
        assert await find_name(opened.token) is None
        assert await wake(opened.remember) is None


async def test_secrets_are_kept_as_hashes(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=True)
        async with db.begin() as session:
            row = (await session.scalars(select(UserSession))).one()
    kept = f"{row.token_hash} {row.remember_hash} {row.last_remember_hash}"
    assert opened.token not in kept
    assert str(opened.remember).partition(".")[2] not in kept


async def test_remember_cookie_wakes_a_session_with_new_secrets(app: Quart, admin: User) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        await change(seen_at=utcnow() - IDLE - SECOND)
        woken = await wake(first.remember)
        assert woken is not None
        name, second = woken
        assert (name, second is not None) == ("admin", True)
        assert second
        assert await find_name(second.token) == "admin"
        assert await find_name(first.token) is None
        assert second.remember != first.remember


async def test_request_on_the_way_gets_in_without_new_secrets(app: Quart, admin: User) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        second = await wake(first.remember)
        assert await wake(first.remember) == ("admin", None)
        assert second
        assert second[1]
        assert await find_name(second[1].token) == "admin"


async def test_second_use_of_a_remember_cookie_ends_the_family(app: Quart, admin: User) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        second = await wake(first.remember)
        await change(woken_at=utcnow() - GRACE - SECOND)
        assert await wake(first.remember) is None
        assert second
        assert second[1]
        assert await find_name(second[1].token) is None
        assert await wake(second[1].remember) is None
        assert await count() == 0


async def test_late_request_with_void_secrets_neither_gets_in_nor_ends_the_session(
    app: Quart, admin: User
) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        second = await renew(first)
        assert [await wake(first.remember), await wake(first.remember)] == [(None, None)] * 2
        assert [await find_name(first.token), await find_name(second.token)] == [None, "admin"]
        woken = await wake(second.remember)
        assert woken
        assert woken[0] == "admin"


@pytest.mark.parametrize("times", [1, 2])
async def test_copy_of_void_secrets_ends_the_family(app: Quart, admin: User, times: int) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        second = await renew(first)
        if times == 1:
            await change(woken_at=utcnow() - GRACE - SECOND)
        else:  # it is not even the last one
            second = await renew(second)
        assert await wake(first.remember) is None
        assert await wake(second.remember) is None
        assert await count() == 0


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "."])
async def test_unknown_remember_cookie_wakes_nobody(app: Quart, admin: User, cookie: str) -> None:
    async with app.app_context():
        await begin(admin)
        async with db.begin() as session:
            assert await wake_session(session, cookie) is None
        assert await count() == 1


async def test_session_that_is_not_remembered_cannot_be_woken(app: Quart, admin: User) -> None:
    async with app.app_context():
        await begin(admin)
        async with db.begin() as session:
            family = await session.scalar(select(UserSession.family))
            assert await wake_session(session, f"{family}.x") is None
        assert await count() == 1


async def test_confirmed_session_is_fresh_and_has_a_new_secret(app: Quart, admin: User) -> None:
    async with app.app_context():
        first = await begin(admin)
        await change(confirmed_at=utcnow() - FRESH)
        async with db.begin() as session:
            row = await find_session(session, first.token)
            assert row
            assert not row.is_fresh(utcnow())
            second = (await confirm_session(session, row)).token
            assert row.is_fresh(utcnow())
        assert [await find_name(first.token), await find_name(second)] == [None, "admin"]


@pytest.mark.parametrize(
    ("how", "is_given"),
    [("password", False), ("link", False), ("password and code", True), ("passkey", True)],
)
async def test_session_knows_whether_a_second_factor_was_given(
    app: Quart, admin: User, how: str, is_given: bool
) -> None:
    async with app.app_context(), db.begin() as session:
        opened = await open_session(session, admin, how=how)
        row = await find_session(session, opened.token)
        assert row
        assert (row.factor_at is not None) is is_given
        await record_factor(session, row)
        await session.refresh(row)
        assert row.factor_at
        assert utcnow() - row.factor_at < timedelta(minutes=1)


async def test_being_seen_is_written_down_once_a_minute(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = await begin(admin)
        await change(seen_at=utcnow() - timedelta(minutes=1))
        async with db.begin() as session:
            row = await find_session(session, opened.token)
            assert row
            assert row.is_unnoted(utcnow())
            await record_seen(session, row, "192.0.2.1")
        async with db.begin() as session:
            row = await find_session(session, opened.token)
            assert row
            assert (row.is_unnoted(utcnow()), row.address) == (False, "192.0.2.1")


DONE: dict[str, Callable[[AsyncSession, UserSession], Awaitable[object]]] = {
    "seen": lambda session, row: record_seen(session, row, "192.0.2.1"),
    "confirmed": confirm_session,
    "confirmed by a factor": record_factor,
    "renewed": renew_session,
    "closed": close_session,
}


async def begin_after(ended: UserSession, user: User) -> None:
    """Let *user* sign in after a session has ended, and get its id."""
    async with db.begin() as session:
        await session.execute(delete(UserSession).where(UserSession.id == ended.id))
    await begin(user, remember=True)
    await change(id=ended.id)  # which SQLite does itself


@pytest.mark.parametrize("done", DONE)
async def test_what_is_done_to_a_session_that_ended_is_done_to_nobody_elses(
    app: Quart, admin: User, done: str
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            opened = await open_session(session, await add_person(session, "bob"))
        async with db.read() as session:
            row = await find_session(session, opened.token)
        assert row
        await begin_after(row, admin)
        before = await load_rows()
        async with db.begin() as session:
            await DONE[done](session, row)
        assert await load_rows() == before


async def test_who_has_no_session_any_more_moves_no_mail_by_that_of_another(
    app: Quart, admin: User
) -> None:
    async with app.app_context():
        await begin(admin)
        async with db.begin() as session:
            number = await session.scalar(select(UserSession.id))
            bob = await add_person(session, "bob")
            with pytest.raises(UnauthorizedError, match="Sign in again"):
                await ask_to_move(session, bob, "bob@example.org", session_id=number)
