"""The outbox and keys of requests: nothing goes twice, and nothing that was promised is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError, InvalidError
from quartapp.models import KeptAnswer, OutboxMessage, OutboxState, Role, User, utcnow
from quartapp.models.idempotency import KEPT_FOR
from quartapp.models.outbox import LIFE
from quartapp.services.idempotency import claim_key
from quartapp.services.outbox import (
    add_message,
    cancel_message,
    claim_messages,
    record_failure,
    record_sent,
    release_message,
    retry_message,
)
from tests.hardening.ground import LONG_WAITS, WAITS, Ground, Machine, explore
from tests.helpers import add_person

pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]

LEASE = timedelta(minutes=5)
ENDS = {
    "send": OutboxState.SENT,
    "refuse": OutboxState.FAILED,
    "fail": OutboxState.WAITING,
    "stop": OutboxState.WAITING,
}


@dataclass
class Mail:
    created_at: datetime
    claimed_by: str | None = None
    lease_until: datetime | None = None
    state: OutboxState = OutboxState.WAITING

    def is_free(self, now: datetime) -> bool:
        ended = self.lease_until is None or self.lease_until <= now
        return self.state is OutboxState.WAITING and ended


class Outbox(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.mails: dict[int, Mail] = {}
        self.held: list[OutboxMessage] = []  # by workers, as they got them

    @initialize()
    def begin(self) -> None:
        self.boss: User = self.run(lambda session: add_person(session, "boss", role=Role.ADMIN))

    @rule()
    def add(self) -> None:
        message = self.run(
            lambda session: add_message(
                session, recipient="ann@a.example", subject="Down", text="It is.", html="<p>It is."
            )
        )
        self.mails[message.id] = Mail(utcnow())

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        now = utcnow()
        claimed = self.run(
            lambda session: claim_messages(session, now=now, lease=LEASE, limit=limit)
        )
        for message in claimed:
            mail = self.mails[message.id]
            assert mail.is_free(now)
            mail.claimed_by, mail.lease_until = message.claimed_by, now + LEASE
        self.held += claimed

    def let_go(self, mail: Mail, state: OutboxState) -> None:
        mail.state, mail.claimed_by, mail.lease_until = state, None, None

    @precondition(lambda self: self.held)
    @rule(number=st.integers(0, 9), end=st.sampled_from(["send", "fail", "refuse", "stop", "die"]))
    def finish(self, number: int, end: str) -> None:
        message = self.held.pop(number % len(self.held))
        mail, now = self.mails[message.id], utcnow()
        if end == "die":
            return
        is_ours = mail.claimed_by == message.claimed_by

        async def tell(session: AsyncSession) -> bool:
            if end == "send":
                return await record_sent(session, message, now)
            if end == "stop":
                return await release_message(session, message, now)
            return await record_failure(session, message, now, "No.", final=end == "refuse")

        assert self.run(tell) == is_ours
        if is_ours:
            is_too_old = end == "fail" and now >= message.created_at + LIFE
            self.let_go(mail, OutboxState.FAILED if is_too_old else ENDS[end])

    @precondition(lambda self: self.mails)
    @rule(number=st.integers(0, 9), cancel=st.booleans())
    def administer(self, number: int, cancel: bool) -> None:
        message_id, mail = list(self.mails.items())[number % len(self.mails)]
        may = mail.state is OutboxState.WAITING and mail.claimed_by is None

        async def change(session: AsyncSession) -> None:
            if cancel:
                await cancel_message(session, message_id, self.boss)
            else:
                await retry_message(session, message_id)

        try:
            self.run(change)
        except ConflictError:
            assert not may
        else:
            assert may
            self.let_go(mail, OutboxState.FAILED if cancel else OutboxState.WAITING)

    @precondition(lambda self: self.has_moved)
    @rule(time=WAITS | LONG_WAITS)
    def wait_a_while(self, time: timedelta) -> None:
        self.wait(time)

    @invariant()
    def every_mail_stands_where_it_was_left(self) -> None:
        async def load(session: AsyncSession) -> list[OutboxMessage]:
            return list(await session.scalars(select(OutboxMessage)))

        rows = self.ground.run(load)
        assert {row.id: row.state for row in rows} == {
            message_id: mail.state for message_id, mail in self.mails.items()
        }
        # Text is kept as long as it may be sent, and no longer.
        assert all(bool(row.text) == (row.state is OutboxState.WAITING) for row in rows)
        assert all((row.due_at is None) == (row.state is not OutboxState.WAITING) for row in rows)


class Keys(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[int, str], tuple[str, int, datetime]] = {}
        self.number = 200

    @initialize()
    def begin(self) -> None:
        async def add(session: AsyncSession) -> list[User]:
            return [await add_person(session, name) for name in ("ann", "bob")]

        self.users = self.run(add)

    @rule(
        who=st.integers(0, 1),
        key=st.sampled_from(["k1", "k2", "K1"]),
        request=st.sampled_from(["a", "b"]),
        fails=st.booleans(),
    )
    def ask(self, who: int, key: str, request: str, fails: bool) -> None:
        user, now, fresh = self.users[who], utcnow(), self.number + 1

        async def answer(session: AsyncSession) -> int:
            row = await claim_key(session, user, key, request, now=now)
            if row.status is None:
                if fails:
                    raise LookupError
                row.status = fresh
            return row.status

        known = self.answers.get((user.id, key))
        if known and known[2] <= now - KEPT_FOR:
            known = None
        try:
            status = self.run(answer)
        except InvalidError:
            assert known is not None
            assert known[0] != request
        except LookupError:
            assert known is None
        else:
            assert known is None or known[:2] == (request, status)
            if known is None:
                assert status == fresh
                self.number = fresh
                self.answers[user.id, key] = request, fresh, now

    @precondition(lambda self: self.has_moved)
    @rule(time=WAITS | LONG_WAITS)
    def wait_a_while(self, time: timedelta) -> None:
        self.wait(time)

    @invariant()
    def one_answer_is_kept_for_each_key(self) -> None:
        async def load(session: AsyncSession) -> dict[tuple[int, str], int | None]:
            rows = await session.scalars(select(KeptAnswer))
            return {(row.user_id, row.key): row.status for row in rows}

        assert self.ground.run(load) == {
            key: status for key, (_, status, _) in self.answers.items()
        }


def test_each_mail_has_one_end(ground: Ground, record_property: pytest.Function) -> None:
    explore(Outbox, ground, record_property, "the outbox")


def test_work_of_a_key_is_done_once(ground: Ground, record_property: pytest.Function) -> None:
    explore(Keys, ground, record_property, "keys of requests")
