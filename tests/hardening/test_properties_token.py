"""API tokens: whatever becomes of their owner, those that hold let in and no other."""

from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import UnauthorizedError
from quartapp.models import utcnow
from quartapp.services.token import add_token, find_token, remove_token
from quartapp.services.user import edit_password
from tests.hardening.account import Account
from tests.hardening.ground import LONG_WAITS, Ground, explore

pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]


class Tokens(Account):
    def __init__(self) -> None:
        super().__init__()
        self.ends: dict[str, datetime] = {}
        self.ids: dict[str, int] = {}

    def feel_reset(self) -> None:
        """All end: whoever knew the password of before may have made them."""
        self.ends = {secret: min(end, utcnow()) for secret, end in self.ends.items()}

    @precondition(lambda self: sum(end > utcnow() for end in self.ends.values()) < 4)
    @rule(days=st.sampled_from([1, 10, 90]))
    def make(self, days: int) -> None:
        life = timedelta(days=days)

        async def add(session: AsyncSession) -> tuple[str, int]:
            secret, row = await add_token(session, self.user, "one", life=life)
            await session.flush()
            return secret, row.id

        if not self.is_let_in(self.user):
            with pytest.raises(UnauthorizedError):
                self.run(add)
            return
        secret, token_id = self.run(add)
        self.ends[secret], self.ids[secret] = utcnow() + life, token_id

    @rule()
    def change_password(self) -> None:
        password_hash = self.make_hash()
        self.change(lambda session, user: edit_password(session, user, password_hash))
        self.void_links()

    @precondition(lambda self: self.user.is_active)
    @precondition(lambda self: any(end > utcnow() for end in self.ends.values()))
    @rule(number=st.integers(0, 9))
    def revoke(self, number: int) -> None:
        valid = [secret for secret, end in self.ends.items() if end > utcnow()]
        secret = valid[number % len(valid)]
        self.run(lambda session: remove_token(session, self.ids[secret], self.user))
        self.ends[secret] = utcnow()

    @precondition(lambda self: self.has_moved)
    @rule(time=LONG_WAITS)
    def wait_long(self, time: timedelta) -> None:
        self.wait(time)

    @invariant()
    def those_that_hold_let_in_and_no_other(self) -> None:
        async def try_all(session: AsyncSession) -> dict[str, bool]:
            found = {secret: await find_token(session, secret) for secret in self.ends}
            return {secret: row is not None for secret, row in found.items()}

        now, is_active = utcnow(), self.user.is_active
        holding = {secret: end > now and is_active for secret, end in self.ends.items()}
        assert self.ground.run(try_all) == holding


def test_tokens_let_in_who_should_be(ground: Ground, record_property: pytest.Function) -> None:
    explore(Tokens, ground, record_property, "tokens")
