"""The clock of a worker's machine jumps: no mail goes twice, and none waits or fails for that."""

import asyncio
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
from sqlalchemy import func, select

from quartapp.extensions import db
from quartapp.mail import worker
from quartapp.mail.backends import AwayError
from quartapp.mail.worker import Mailer, send_batch
from quartapp.models import KeptAnswer, Role, base, utcnow
from tests.helpers import add_person
from tests.mail.helpers import Rehearsal, add_mail, load_messages, wait_until

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=2), timedelta(days=-2)]


@pytest.fixture
def database_kind() -> str:
    """One that has a clock of its own, which all workers share."""
    return "postgres"


@pytest.fixture(params=JUMPS, ids=str)
def jump(request: pytest.FixtureRequest) -> timedelta:
    jump: timedelta = request.param
    return jump


def set_clock(monkeypatch: pytest.MonkeyPatch, jump: timedelta) -> None:
    class Jumped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + jump

    monkeypatch.setattr(base, "datetime", Jumped)


async def test_mail_on_its_way_is_sent_by_nobody_else(
    mailer: Mailer, backend: Rehearsal, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    backend.may_end.clear()
    await add_mail()
    first = asyncio.create_task(send_batch(mailer))
    await wait_until(lambda: backend.seen)
    set_clock(monkeypatch, jump)

    taken = await send_batch(mailer)
    backend.may_end.set()
    await first

    (message,) = await load_messages()
    assert (taken, backend.seen, message.sent_at is not None) == (0, ["Hello"], True)


async def test_mail_that_waits_is_sent_at_once(
    mailer: Mailer, backend: Rehearsal, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    await add_mail()
    set_clock(monkeypatch, jump)

    assert (await send_batch(mailer), backend.seen) == (1, ["Hello"])


async def test_mail_that_cannot_be_sent_is_tried_again_a_minute_later(
    mailer: Mailer, backend: Rehearsal, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    backend.error = AwayError("Connection refused")
    await add_mail()
    with monkeypatch.context() as patch:
        set_clock(patch, jump)
        with pytest.raises(AwayError):
            await send_batch(mailer)

    (message,) = await load_messages()
    assert message.failed_at is None
    assert timedelta() < message.due_at - utcnow() <= timedelta(minutes=1)


async def test_keys_of_requests_are_kept_as_long_as_ever(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    async with db.begin() as session:
        user = await add_person(session, "alice", role=Role.EDITOR)
        session.add(KeptAnswer(user_id=user.id, key="a", fingerprint="f", created_at=utcnow()))
    set_clock(monkeypatch, jump)

    await worker.prune(mailer)

    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(KeptAnswer)) == 1
