"""Somebody whose account changes while they come and go: a part of machines."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError
from quartapp.models import Purpose, Role, User, utcnow
from quartapp.models.link import LIFE
from quartapp.services.account import ask_to_reset, reset_password
from quartapp.services.people import disable_user, edit_role, enable_user
from tests.hardening.ground import Machine
from tests.helpers import add_person

T = TypeVar("T")


class Account(Machine):
    """Knows what becomes of the account and its links; what ends with it others say."""

    @initialize()
    def begin(self) -> None:
        self.run(lambda session: add_person(session, "root", role=Role.ADMIN))
        self.user: User = self.run(add_ann)
        self.before = self.user  # as it was read before the last new password
        self.was_disabled = False  # once is enough: else much is tried that is refused
        self.links: dict[str, datetime] = {}  # to a new password, and when each ends

    def end_sessions(self) -> None:
        """Note that nobody is signed in any more."""

    def feel_reset(self) -> None:
        """Note what else ends with a reset by mail."""

    def change(self, work: Callable[[AsyncSession, User], Awaitable[T]]) -> T:
        """Change the account as it is; go on as somebody who has read it since."""

        async def do(session: AsyncSession) -> tuple[T, User]:
            user = await session.get_one(User, self.user.id)
            done = await work(session, user)
            await session.flush()
            await session.refresh(user)
            return done, user

        before = self.user
        done, self.user = self.run(do)
        if self.user.password_hash != before.password_hash:
            self.before = before
        return done

    def is_let_in(self, user: User) -> bool:
        """Tell whether who was checked by what *user* was may come in now."""
        return self.user.is_active and user.password_hash == self.user.password_hash

    def make_hash(self) -> str:
        """Return the hash of another password, which is never looked into."""
        return f"hash {self.ground.steps}"

    def void_links(self) -> None:
        self.links = dict.fromkeys(self.links, utcnow())

    @precondition(lambda self: not self.was_disabled and self.before is not self.user)
    @rule()
    def disable(self) -> None:
        self.was_disabled = True
        self.change(lambda session, user: disable_user(session, user, None))
        self.void_links()
        self.end_sessions()

    @precondition(lambda self: not self.user.is_active)
    @rule()
    def enable(self) -> None:
        self.change(lambda session, user: enable_user(session, user, None))

    @precondition(lambda self: self.user.is_active)
    @rule(role=st.sampled_from(Role))
    def change_role(self, role: Role) -> None:
        is_another = role != self.user.role
        self.change(lambda session, user: edit_role(session, user, role, None))
        if is_another:
            self.end_sessions()

    @rule()
    def ask_to_reset(self) -> None:
        sent = self.run(lambda session: ask_to_reset(session, "ann"))
        assert (sent is not None) == self.user.is_active
        if sent is not None:
            self.void_links()
            self.links[sent[1]] = utcnow() + LIFE[Purpose.RESET]

    @precondition(lambda self: self.links)
    @rule(age=st.sampled_from([1, 1, 2]))
    def reset(self, age: int) -> None:
        link = [*self.links][-min(age, len(self.links))]
        password_hash = self.make_hash()
        if self.links[link] <= utcnow():
            with pytest.raises(BadRequestError):
                self.run(lambda session: reset_password(session, link, password_hash))
            return
        self.change(lambda session, _: reset_password(session, link, password_hash))
        assert self.user.password_hash == password_hash
        self.void_links()
        self.end_sessions()
        self.feel_reset()


async def add_ann(session: AsyncSession) -> User:
    user = await add_person(session, "ann")
    user.email = "ann@example.org"
    return user
