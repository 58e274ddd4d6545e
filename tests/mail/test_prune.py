"""The worker removes what has expired, and sends mail all the same."""

import asyncio

import pytest
from sqlalchemy import func, select, text, update

from quartapp.extensions import db
from quartapp.mail import worker
from quartapp.mail.worker import Mailer, prune, run_outbox
from quartapp.models import Link, Purpose, utcnow
from quartapp.services.link import add_link
from tests.mail.helpers import add_mail, wait_until
from tests.smtp_sink import Sink


async def add_expired_links(count: int) -> None:
    async with db.begin() as session:
        for _ in range(count):
            await add_link(session, Purpose.SETUP)
        await session.execute(update(Link).values(expires_at=utcnow()))


async def count_links() -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count(Link.id))) or 0


async def test_what_has_expired_goes_batch_by_batch_and_is_looked_for_much_later(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PRUNE_BATCH", 2)
    await add_expired_links(3)
    left = []
    for _ in range(3):
        await prune(mailer)
        left.append(await count_links())
    assert left == [1, 0, 0]

    await add_expired_links(1)
    await prune(mailer)
    assert await count_links() == 1
    mailer.prune_at -= worker.PRUNE_PAUSE
    await prune(mailer)
    assert await count_links() == 0


async def test_worker_removes_what_has_expired_when_it_starts(mailer: Mailer) -> None:
    await add_expired_links(1)
    task = asyncio.create_task(run_outbox(mailer))
    async with asyncio.timeout(5):
        while await count_links():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    mailer.stop()
    await task


async def test_mail_is_sent_where_nothing_can_be_removed(
    mailer: Mailer, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.05)
    async with db.begin() as session:
        await session.execute(text("ALTER TABLE link RENAME TO away"))
    task = asyncio.create_task(run_outbox(mailer))
    await wait_until(lambda: caplog.records)
    for number in range(1, 3):
        await add_mail()
        await wait_until(lambda number=number: len(sink.deliveries) == number)
    mailer.stop()
    await task

    behind = "The database is behind this version; run: quartapp db upgrade"
    waits = [words for words in caplog.messages if words.startswith("The outbox waits")]
    assert waits == [f"The outbox waits 0.1 s: {behind}"]
