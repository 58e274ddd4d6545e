"""Sessions: whatever people do in whatever order, who is let in is who should be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import UnauthorizedError
from quartapp.models import User, UserSession, utcnow
from quartapp.models.session import GRACE, IDLE, LIFE, REMEMBERED_LIFE
from quartapp.services.session import (
    Secrets,
    close_session,
    close_sessions,
    confirm_session,
    end_sessions,
    find_session,
    open_session,
    record_seen,
    renew_session,
    select_sessions,
    wake_session,
)
from quartapp.services.user import edit_password
from tests.hardening.account import Account
from tests.hardening.ground import LONG_WAITS, WAITS, Ground, explore

pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]

WORKS = [renew_session, renew_session, renew_session, close_session]
Work = Callable[[AsyncSession, UserSession], Awaitable[Secrets | None]]


@dataclass
class Browser:
    """What a browser has, and what it had: which is what a thief may have."""

    secrets: Secrets
    seen_at: datetime
    expires_at: datetime
    old: list[Secrets] = field(default_factory=list)  # the last one last
    woken_at: datetime | None = None
    was_renewed: bool = False  # what it had last lets nobody in, not even for a moment
    is_closed: bool = False

    @property
    def is_remembered(self) -> bool:
        return self.secrets.remember is not None

    def is_alive(self, now: datetime) -> bool:
        sleeps = now >= self.seen_at + IDLE and not self.is_remembered
        return not self.is_closed and now < self.expires_at and not sleeps

    def is_awake(self, now: datetime) -> bool:
        return self.is_alive(now) and now < self.seen_at + IDLE

    def replace(self, secrets: Secrets, *, renewed: bool) -> None:
        self.old.append(self.secrets)
        self.secrets, self.woken_at, self.was_renewed = secrets, utcnow(), renewed


class Sessions(Account):
    def __init__(self) -> None:
        super().__init__()
        self.browsers: list[Browser] = []

    def end_sessions(self, but: Browser | None = None) -> None:
        for browser in self.browsers:
            browser.is_closed = browser.is_closed or browser is not but

    def pick(self, number: int) -> Browser:
        return self.browsers[number % len(self.browsers)]

    @property
    def awake(self) -> list[Browser]:
        return [browser for browser in self.browsers if browser.is_awake(utcnow())]

    @property
    def remembered(self) -> list[Browser]:
        return [browser for browser in self.browsers if browser.is_remembered]

    @property
    def copied(self) -> list[Browser]:
        return [browser for browser in self.remembered if browser.old]

    @rule(remember=st.sampled_from([True, True, False]), late=st.booleans())
    def sign_in(self, remember: bool, late: bool) -> None:
        user = self.before if late else self.user
        if not self.is_let_in(user):
            with pytest.raises(UnauthorizedError):
                self.run(lambda session: open_session(session, user, remember=remember))
            return
        secrets = self.run(lambda session: open_session(session, user, remember=remember))
        now = utcnow()
        end = now + (REMEMBERED_LIFE if remember else LIFE)
        self.browsers.append(Browser(secrets, now, end))

    @precondition(lambda self: self.browsers)
    @rule(number=st.integers(0, 9))
    def ask(self, number: int) -> None:
        browser = self.pick(number)

        async def come(session: AsyncSession) -> bool:
            row = await find_session(session, browser.secrets.token)
            if row is not None:
                await record_seen(session, row, "192.0.2.1")
            return row is not None

        is_in = self.run(come)
        assert is_in == browser.is_awake(utcnow())
        browser.seen_at = utcnow() if is_in else browser.seen_at

    @precondition(lambda self: self.remembered)
    @rule(number=st.integers(0, 9))
    def wake(self, number: int) -> None:
        browser, now = self.remembered[number % len(self.remembered)], utcnow()
        cookie = browser.secrets.remember or ""
        woken = self.run(lambda session: wake_session(session, cookie))
        assert (woken is not None) == browser.is_alive(now)
        if woken is not None:
            row, secrets = woken
            assert row is not None
            assert secrets is not None
            browser.replace(secrets, renewed=False)
            browser.seen_at = now

    @precondition(lambda self: self.copied)
    @rule(number=st.integers(0, 9), age=st.sampled_from([1, 1, 1, 2, 3]))
    def wake_by_a_copy(self, number: int, age: int) -> None:
        browser, now = self.copied[number % len(self.copied)], utcnow()
        age = min(age, len(browser.old))
        cookie = browser.old[-age].remember or ""
        woken = self.run(lambda session: wake_session(session, cookie))
        if not browser.is_alive(now):
            assert woken is None
        elif age == 1 and browser.woken_at and now < browser.woken_at + GRACE:
            row, secrets = woken or (None, None)
            assert woken is not None
            assert (row is None, secrets) == (browser.was_renewed, None)
        else:
            assert woken is None
            browser.is_closed = True

    def do(self, browser: Browser, work: Work) -> None:
        async def come(session: AsyncSession) -> tuple[bool, Secrets | None]:
            row = await find_session(session, browser.secrets.token)
            return row is not None, await work(session, row) if row else None

        was_in, secrets = self.run(come)
        assert was_in == browser.is_awake(utcnow())
        if secrets:
            browser.replace(secrets, renewed=True)
        elif was_in:
            browser.is_closed = True

    @precondition(lambda self: self.browsers)
    @rule(number=st.integers(0, 9), work=st.sampled_from(WORKS))
    def renew_or_sign_out(self, number: int, work: Work) -> None:
        self.do(self.pick(number), work)

    @precondition(lambda self: len(self.browsers) > 4)
    @rule()
    def sign_out_everywhere(self) -> None:
        self.run(lambda session: close_sessions(session, self.user))
        self.end_sessions()

    @precondition(lambda self: self.awake)
    @rule(number=st.integers(0, 9))
    def change_password(self, number: int) -> None:
        """Do as the page of it does: this browser gets new secrets, the others are out."""
        browser, password_hash = self.awake[number % len(self.awake)], self.make_hash()

        async def come(session: AsyncSession, user: User) -> Secrets:
            row = await find_session(session, browser.secrets.token)
            assert row is not None
            await edit_password(session, user, password_hash)
            await close_sessions(session, user, but=row.id)
            return await confirm_session(session, row)

        browser.replace(self.change(come), renewed=True)
        self.end_sessions(but=browser)
        self.void_links()

    @precondition(lambda self: len(self.browsers) > 1)
    @rule(number=st.integers(0, 9))
    def sign_out_others(self, number: int) -> None:
        browser = self.pick(number)

        async def come(session: AsyncSession) -> bool:
            row = await find_session(session, browser.secrets.token)
            if row is not None:
                await end_sessions(session, row.user, row.user, but=row.id)
            return row is not None

        was_in = self.run(come)
        assert was_in == browser.is_awake(utcnow())
        if was_in:
            self.end_sessions(but=browser)

    @precondition(lambda self: self.has_moved)
    @rule(time=WAITS | LONG_WAITS)
    def wait_a_while(self, time: timedelta) -> None:
        self.wait(time)

    @invariant()
    def those_that_hold_are_listed_and_no_secret_of_before_lets_in(self) -> None:
        old = [secrets.token for browser in self.browsers for secrets in browser.old]
        alive = sum(browser.is_alive(utcnow()) for browser in self.browsers)

        async def try_all(session: AsyncSession) -> tuple[list[str], int]:
            found = [token for token in old[-5:] if await find_session(session, token)]
            return found, len((await session.scalars(select_sessions(self.user))).all())

        assert self.ground.run(try_all) == ([], alive)


def test_sessions_let_in_who_should_be(ground: Ground, record_property: pytest.Function) -> None:
    explore(Sessions, ground, record_property, "sessions")
