"""Secrets of sessions, to the letter and to the moment."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.extensions import db
from quartapp.models import User, UserSession, utcnow
from quartapp.models.session import FAMILY_LENGTH, GRACE, IDLE, LIFE, REMEMBERED_LIFE
from quartapp.services.session import (
    Secrets,
    close_session,
    confirm_session,
    find_ended_sessions,
    find_session,
    record_seen,
    renew_session,
    replace_secrets,
    wake_session,
)
from tests.services.events import Event, list_events
from tests.services.waking import begin, change, count, find_name, load_rows, renew, wake

MOMENT = timedelta(microseconds=1)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """When all of a test happens."""
    moment = utcnow()
    monkeypatch.setattr("quartapp.services.session.utcnow", lambda: moment)
    return moment


async def load_row(session: AsyncSession) -> UserSession:
    return (await session.scalars(select(UserSession))).one()


@pytest.mark.parametrize(
    ("asked", "life"), [({}, LIFE), ({"remember": True}, REMEMBERED_LIFE)], ids=["", "remembered"]
)
async def test_session_begins_with_what_is_known(
    app: Quart, admin: User, now: datetime, asked: dict[str, Any], life: timedelta
) -> None:
    async with app.app_context():
        opened = await begin(admin, browser="b" * 300, address="1" * 50, **asked)
        (row,) = await load_rows()
    kept = [row[name] for name in ("user_id", "browser", "address", "woken_at")]
    assert kept == [admin.id, "b" * 200, "1" * 45, None]
    times = [row[name] for name in ("seen_at", "confirmed_at", "expires_at")]
    assert times == [now, now, now + life]
    family = (opened.remember or "").partition(".")[0]
    assert (len(row["family"]), family) == (FAMILY_LENGTH, row["family"] if asked else "")


@pytest.mark.parametrize("digit", "0f")
async def test_near_miss_lets_nobody_in(app: Quart, admin: User, digit: str) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=True)
        await change(token_hash=64 * digit, family=32 * digit)
        assert await find_name(opened.token) is None
        assert await wake(opened.remember) is None
        assert await count() == 1


@pytest.mark.parametrize("remember", [False, True])
async def test_session_ends_at_its_moment(
    app: Quart, admin: User, now: datetime, remember: bool
) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=remember)
        for seen_at, expires_at, is_awake, has_ended in (
            (now - IDLE + MOMENT, now + MOMENT, True, False),
            (now - IDLE, now + MOMENT, False, not remember),
            (now - IDLE - MOMENT, now + MOMENT, False, not remember),
            (now, now, False, True),
            (now, now - MOMENT, False, True),
        ):
            await change(seen_at=seen_at, expires_at=expires_at)
            async with db.begin() as session:
                row = await load_row(session)
                ended = await find_ended_sessions(session, [row.family])
                found = await find_session(session, opened.token)
            assert (found is not None, ended) == (is_awake, {row.family} if has_ended else set())


async def test_grace_ends_at_its_moment(app: Quart, admin: User, now: datetime) -> None:
    async with app.app_context():
        first = await begin(admin, remember=True)
        await wake(first.remember)
        await change(woken_at=now - GRACE + MOMENT)
        assert await wake(first.remember) == ("admin", None)
        await change(woken_at=now - GRACE)
        assert await wake(first.remember) is None
        assert await count() == 0


async def test_wrong_secret_of_a_session_that_never_slept_ends_it(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=True)
        assert await wake(f"{opened.remember}x") is None
        assert await find_name(opened.token) is None
        assert await count() == 0


@pytest.mark.parametrize("digit", "0f")
async def test_of_two_requests_with_one_cookie_one_gets_secrets(
    app: Quart, admin: User, digit: str
) -> None:
    async with app.app_context():
        opened = await begin(admin, remember=True)
        async with db.begin() as session:
            row = await load_row(session)
            used = row.remember_hash or ""
            # The other one was faster, between two statements of this one.
            await session.execute(update(UserSession).values(remember_hash=64 * digit))
            assert await replace_secrets(session, row, used) is None
        assert await find_name(opened.token) == "admin"


async def test_session_without_a_cookie_is_renewed_without_one(app: Quart, admin: User) -> None:
    async with app.app_context():
        renewed = await renew(await begin(admin))
        (row,) = await load_rows()
        assert await find_name(renewed.token) == "admin"
    assert renewed.remember is None
    assert (row["remember_hash"], row["last_remember_hash"]) == (None, None)


Work = Callable[[AsyncSession, UserSession, Secrets], Awaitable[object]]
WORKS: dict[str, Work] = {
    "see": lambda session, row, _: record_seen(session, row, "192.0.2.1" + 50 * "0"),
    "wake": lambda session, _, opened: wake_session(session, opened.remember or ""),
    "confirm": lambda session, row, _: confirm_session(session, row),
    "renew": lambda session, row, _: renew_session(session, row),
    "close": lambda session, row, _: close_session(session, row),
}


@pytest.mark.parametrize("work", WORKS)
async def test_what_one_browser_does_changes_no_other(app: Quart, admin: User, work: str) -> None:
    async with app.app_context():
        opened = [await begin(admin, remember=True) for _ in range(3)]
        before = await load_rows()
        async with db.begin() as session:
            row = await find_session(session, opened[1].token)
            assert row
            await WORKS[work](session, row, opened[1])
        after = await load_rows()
    assert [kept for kept in after if kept in before] == [before[0], before[2]]


async def test_session_that_is_closed_twice_is_told_of_once(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = await begin(admin, how="by password")
        async with db.begin() as session:
            row = await find_session(session, opened.token)
            assert row
        told = [Event("admin", "login", "admin", "by password")]
        for end in ([Event("admin", "logout", "admin")], []):
            async with db.begin() as session:
                await close_session(session, row)
            told += end
            assert await list_events() == told
