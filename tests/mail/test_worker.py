"""The worker, driven by hand: what it sends, what it records, and what does not stop it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from quartapp.extensions import db
from quartapp.mail import worker
from quartapp.mail.backends import AwayError
from quartapp.mail.worker import Mailer, run_outbox, send_batch
from quartapp.models import OutboxMessage, utcnow
from tests.mail.helpers import ALICE, Rehearsal, add_mail, find_states, load_messages, wait_until
from tests.processes import free_port
from tests.smtp_sink import Sink

WAITING, SENT, FAILED = "waiting", "sent", "failed"


async def test_mail_is_sent_once_and_forgotten(mailer: Mailer, sink: Sink) -> None:
    name = await add_mail()

    assert [await send_batch(mailer), await send_batch(mailer)] == [1, 0]

    (delivery,) = sink.deliveries
    assert (delivery.recipients, delivery.mail["Message-ID"]) == ([ALICE], name)
    (message,) = await load_messages()
    assert (message.state, message.text, message.html) == (SENT, "", "")


async def test_refused_mail_fails_and_the_others_are_sent(mailer: Mailer, sink: Sink) -> None:
    sink.replies = {"eve@example.org": "550 unknown", "bob@example.org": "450 busy"}
    for recipient in ("eve@example.org", "bob@example.org", ALICE):
        await add_mail(recipient)

    await send_batch(mailer)

    assert await find_states() == [(FAILED, "550 unknown"), (WAITING, "450 busy"), (SENT, "")]


async def test_mail_that_comes_twice_is_the_same(mailer: Mailer, sink: Sink) -> None:
    await add_mail()
    await send_batch(mailer)
    again = update(OutboxMessage).values(due_at=utcnow(), text="text", html="<p>html", sent_at=None)
    async with db.begin() as session:
        await session.execute(again)
    await send_batch(mailer)

    first, second = (delivery.mail for delivery in sink.deliveries)
    assert [(name, first[name]) for name in ("Message-ID", "Date", "Subject")] == [
        (name, second[name]) for name in ("Message-ID", "Date", "Subject")
    ]


async def test_server_that_is_away_is_asked_once_for_all(
    mailer: Mailer, backend: Rehearsal
) -> None:
    backend.error = AwayError("Connection refused")
    for _ in range(3):
        await add_mail()

    with pytest.raises(AwayError):
        await send_batch(mailer)

    untried = (0, "", None)
    seen = [(row.attempts, row.last_error, row.claimed_by) for row in await load_messages()]
    assert seen == [(1, "Connection refused", None), untried, untried]
    assert backend.seen == ["Hello"]


async def test_mail_at_which_the_server_hangs_holds_up_no_other(
    mailer: Mailer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SEND_SECONDS", 2.0)
    sink.hanging.add("eve@example.org")
    for recipient in (ALICE, "eve@example.org", "bob@example.org"):
        await add_mail(recipient)

    assert await asyncio.wait_for(send_batch(mailer), 30) == 3

    late = "The mail server took longer than 2 s."
    assert await find_states() == [(SENT, ""), (WAITING, late), (SENT, "")]


async def test_server_that_does_not_greet_is_away(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(worker, "SEND_SECONDS", 0.2)
    options = mailer.backend.options  # type: ignore[attr-defined]
    for _ in range(2):
        await add_mail()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        options["port"] = server.sockets[0].getsockname()[1]
        with pytest.raises(AwayError):
            await asyncio.wait_for(send_batch(mailer), 30)

    late = "The mail server took longer than 0.2 s."
    assert await find_states() == [(WAITING, late), (WAITING, "")]


async def test_mail_that_cannot_be_made_holds_up_no_other(mailer: Mailer, sink: Sink) -> None:
    await add_mail()
    await add_mail()
    broken = update(OutboxMessage).where(OutboxMessage.id == 1).values(subject="a\nb")
    async with db.begin() as session:
        await session.execute(broken)

    await send_batch(mailer)

    assert await find_states() == [(WAITING, "ValueError"), (SENT, "")]


async def test_claim_that_runs_out_is_given_back(
    mailer: Mailer, backend: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer.lease = 60
    monkeypatch.setattr(worker, "monotonic", lambda: 20.0 * len(backend.seen))  # 20 s for a mail
    for number in range(4):
        await add_mail(subject=str(number))

    await send_batch(mailer)

    assert await find_states() == [(SENT, "")] * 3 + [(WAITING, "")]
    assert all(message.claimed_by is None for message in await load_messages())
    await send_batch(mailer)
    assert backend.seen == ["0", "1", "2", "3"]


async def test_a_stop_finishes_the_mail_in_flight_and_gives_back_the_rest(
    mailer: Mailer, backend: Rehearsal
) -> None:
    backend.may_end.clear()
    for number in range(3):
        await add_mail(subject=str(number))
    task = asyncio.create_task(run_outbox(mailer))
    await wait_until(lambda: backend.seen)

    mailer.stop()
    backend.may_end.set()
    await asyncio.wait_for(task, 30)

    messages = await load_messages()
    seen = [(message.state, message.attempts, message.claimed_by) for message in messages]
    assert seen == [(SENT, 1, None), (WAITING, 0, None), (WAITING, 0, None)]
    assert all(message.due_at and message.due_at <= utcnow() for message in messages[1:])


async def test_idle_worker_stops_at_once(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL", 60.0)
    task = asyncio.create_task(run_outbox(mailer))
    await asyncio.sleep(0.1)
    mailer.stop()
    await asyncio.wait_for(task, 30)


async def test_database_that_is_away_ends_nothing(
    mailer: Mailer, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.05)
    async with db.begin() as session:
        await session.execute(text("ALTER TABLE outbox_message RENAME TO away"))
    task = asyncio.create_task(run_outbox(mailer))
    await wait_until(lambda: len(caplog.records) >= 2)
    async with db.begin() as session:
        await session.execute(text("ALTER TABLE away RENAME TO outbox_message"))
    await add_mail()
    await wait_until(lambda: sink.deliveries)
    mailer.stop()
    await task

    behind = "The database is behind this version; run: quartapp db upgrade"
    assert [record.getMessage() for record in caplog.records][:2] == [
        f"The outbox waits 0.1 s: {behind}",
        f"The outbox waits 0.2 s: {behind}",
    ]


async def test_what_was_sent_is_recorded_when_the_database_is_back(
    mailer: Mailer,
    backend: Rehearsal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(worker, "RECORD_PAUSE", 0.05)
    backend.may_end.clear()
    name = await add_mail()
    task = asyncio.create_task(send_batch(mailer))
    await wait_until(lambda: backend.seen)
    async with db.begin() as session:
        await session.execute(text("ALTER TABLE outbox_message RENAME TO away"))
    backend.may_end.set()
    await wait_until(lambda: f"{name} is not recorded yet" in caplog.text)
    async with db.begin() as session:
        await session.execute(text("ALTER TABLE away RENAME TO outbox_message"))
    await task

    assert (await find_states(), backend.seen) == ([(SENT, "")], ["Hello"])


async def test_late_result_is_dropped(
    mailer: Mailer, backend: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    backend.may_end.clear()
    name = await add_mail()
    task = asyncio.create_task(send_batch(mailer))
    await wait_until(lambda: backend.seen)
    taken = {"claimed_by": "another", "due_at": utcnow() + timedelta(minutes=1)}
    async with db.begin() as session:
        await session.execute(update(OutboxMessage).values(**taken))
    backend.may_end.set()
    await task

    assert await find_states() == [(WAITING, "")]
    assert caplog.messages[-1] == f"{name} took so long that another worker has it."


async def test_mail_server_that_is_away_ends_nothing(
    mailer: Mailer, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.1)
    monkeypatch.setattr(worker, "BATCH", 1)
    options = mailer.backend.options  # type: ignore[attr-defined]
    options["port"] = free_port()
    for _ in range(3):
        await add_mail()
    task = asyncio.create_task(run_outbox(mailer))
    await wait_until(lambda: len(caplog.records) >= 2)
    options["port"] = sink.port
    await wait_until(lambda: len(sink.deliveries) == 2)
    mailer.stop()
    await task

    states = [state for state, _ in await find_states()]
    assert states == [WAITING, SENT, SENT]  # what found the server away is tried a minute later
    assert caplog.messages[1].startswith("The outbox waits 0.2 s: Error connecting to 127.0.0.1")


async def test_mistake_of_ours_ends_nothing_and_is_shown(
    mailer: Mailer, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.1)
    lease, mailer.lease = mailer.lease, float("nan")
    await add_mail()
    task = asyncio.create_task(run_outbox(mailer))
    await wait_until(lambda: caplog.records)
    mailer.lease = lease
    await wait_until(lambda: sink.deliveries)
    mailer.stop()
    await task

    (error,) = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert error is ValueError
