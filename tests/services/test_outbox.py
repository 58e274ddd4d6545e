import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import InvalidRequestError

from quartapp.errors import ConflictError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import OutboxMessage, OutboxState, utcnow
from quartapp.services.outbox import (
    add_message,
    claim_messages,
    has_due_messages,
    record_failure,
    record_sent,
    release_message,
    retry_message,
    select_outbox,
)
from tests.helpers import queries

LEASE = timedelta(seconds=60)
ANALYZE = {
    "sqlite": "ANALYZE outbox_message",
    "postgresql": "ANALYZE outbox_message",
    "mysql": "ANALYZE TABLE outbox_message",
}
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def add(count: int = 1, recipient: str = "alice@example.org") -> None:
    async with db.begin() as session:
        for number in range(count):
            given = {"subject": f"Number {number}", "text": "the link", "html": "<p>the link"}
            await add_message(session, recipient=recipient, **given)


async def claim(limit: int = 20, after: timedelta = SECOND) -> list[OutboxMessage]:
    async with db.begin() as session:
        return await claim_messages(session, now=utcnow() + after, lease=LEASE, limit=limit)


async def load() -> OutboxMessage:
    async with db.read() as session:
        return (await session.scalars(select(OutboxMessage))).one()


# --- what causes mail


async def test_message_waits_from_the_commit_of_what_causes_it(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_message(
                session, recipient="alice@example.org", subject="No", text="", html=""
            )
            await session.rollback()
        assert await claim() == []
        await add()
        (message,) = await claim()

    assert (message.recipient, message.subject) == ("alice@example.org", "Number 0")
    assert (message.text, message.html) == ("the link", "<p>the link")
    assert (message.state, message.attempts) == (OutboxState.WAITING, 1)


async def test_each_message_has_an_id_of_its_own(app: Quart) -> None:
    async with app.app_context():
        await add(3)
        ids = {message.message_id for message in await claim()}

    assert len(ids) == 3
    assert all(name.startswith("<") and name.endswith("@localhost>") for name in ids)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient", "alice@example.org\r\nBcc: eve@example.org"),
        ("recipient", "alice"),
        ("subject", "Hello\r\nBcc: eve@example.org"),
        ("subject", "Hello\0"),
    ],
)
async def test_what_could_not_stand_in_a_header_is_refused(
    app: Quart, field: str, value: str
) -> None:
    given = {"recipient": "alice@example.org", "subject": "Hello", "text": "", "html": ""}
    async with app.app_context(), db.begin() as session:
        with pytest.raises(InvalidError) as caught:
            await add_message(session, **{**given, field: value})

    assert [fault.loc for fault in caught.value.errors] == [(field,)]


# --- claims


async def test_claim_is_one_update_and_takes_no_more_than_its_limit(app: Quart) -> None:
    async with app.app_context():
        await add(5)
        with queries(db.engine) as sent:
            first = await claim(limit=3)
        second = await claim(limit=3)

    assert [message.subject for message in first] == ["Number 0", "Number 1", "Number 2"]
    assert [message.subject for message in second] == ["Number 3", "Number 4"]
    words = [statement.split()[0] for statement in sent]
    assert [word for word in words if word != "BEGIN"] == ["SELECT", "UPDATE", "SELECT"]


async def test_what_was_tried_least_is_claimed_first(app: Quart) -> None:
    async with app.app_context():
        await add(4)
        for number, attempts, age in ((0, 3, 9), (1, 1, 5), (2, 1, 7), (3, 0, 1)):
            given = {"attempts": attempts, "due_at": utcnow() - age * SECOND}
            is_it = OutboxMessage.subject == f"Number {number}"
            async with db.begin() as session:
                await session.execute(update(OutboxMessage).where(is_it).values(given))
        first, second = await claim(limit=3), await claim(limit=3)

    claimed = [[message.subject[-1] for message in batch] for batch in (first, second)]
    assert claimed == [["3", "2", "1"], ["0"]]


async def test_claim_takes_no_more_when_the_table_was_empty_lately(app: Quart) -> None:
    async with app.app_context():
        await add(200)
        async with db.begin() as session:  # what a database believes decides how it looks
            await session.execute(delete(OutboxMessage))
        async with db.begin() as session:
            await session.execute(text(ANALYZE[db.engine.dialect.name]))
        await add(500)
        counts = [len(await claim()) for _ in range(3)]

    assert counts == [20, 20, 20]


async def test_claimed_message_is_free_again_when_the_lease_has_run_out(app: Quart) -> None:
    async with app.app_context():
        await add()
        (first,) = await claim()
        assert await claim(after=LEASE - SECOND) == []
        (second,) = await claim(after=LEASE + 3 * SECOND)

    assert second.message_id == first.message_id
    assert (first.attempts, second.attempts) == (1, 2)


async def test_workers_at_once_never_claim_the_same(app: Quart) -> None:
    async def work() -> list[str]:
        found: list[str] = []
        while batch := await claim(limit=7):
            assert len(batch) <= 7
            found += [message.message_id for message in batch]
        return found

    async with app.app_context():
        await add(100)
        found = await asyncio.gather(*(work() for _ in range(5)))

    counts = Counter(name for names in found for name in names)
    assert (len(counts), set(counts.values())) == (100, {1})


async def test_due_is_told_without_a_write(app: Quart) -> None:
    async with app.app_context(), db.read() as session:
        assert not await has_due_messages(session, utcnow() + DAY)
        await add()
    async with app.app_context(), db.read() as session:
        assert await has_due_messages(session, utcnow())
        assert not await has_due_messages(session, utcnow() - DAY)


# --- what became of it


async def test_sent_message_forgets_its_text(app: Quart) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        async with db.begin() as session:
            assert await record_sent(session, claimed, utcnow())
        message = await load()
        assert await claim(after=DAY) == []

    assert (message.state, message.text, message.html) == (OutboxState.SENT, "", "")
    assert (message.due_at, message.claimed_by) == (None, None)


async def test_failed_try_is_followed_by_another(app: Quart) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        now = utcnow()
        async with db.begin() as session:
            assert await record_failure(session, claimed, now, "451 later " * 100)
        message = await load()

    assert message.due_at == now + timedelta(minutes=1)
    assert (message.state, message.text) == (OutboxState.WAITING, "the link")
    assert message.last_error == ("451 later " * 100)[:500]


@pytest.mark.parametrize(("age", "final"), [(DAY, False), (SECOND, True)])
async def test_old_or_refused_message_is_given_up(app: Quart, age: timedelta, final: bool) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        now = claimed.created_at + age
        async with db.begin() as session:
            assert await record_failure(session, claimed, now, "550 unknown", final=final)
        message = await load()

    assert (message.state, message.failed_at, message.due_at) == (OutboxState.FAILED, now, None)
    assert (message.text, message.html, message.last_error) == ("", "", "550 unknown")


async def test_late_worker_is_refused(app: Quart) -> None:
    async with app.app_context():
        await add()
        (late,) = await claim()
        (current,) = await claim(after=LEASE + 3 * SECOND)
        async with db.begin() as session:
            assert not await record_failure(session, late, utcnow(), "timeout", final=True)
            assert not await release_message(session, late, utcnow())
            assert not await record_sent(session, late, utcnow())
        assert (await load()).claimed_by == current.claimed_by
        async with db.begin() as session:
            assert await record_sent(session, current, utcnow())
            assert not await record_sent(session, current, utcnow())


async def test_message_that_was_given_back_counts_no_try(app: Quart) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        async with db.begin() as session:
            assert await release_message(session, claimed, utcnow())
        (again,) = await claim()

    assert again.attempts == 1


# --- what administrators see


async def test_administrators_see_each_state_without_the_texts(app: Quart) -> None:
    async with app.app_context():
        await add(3)
        sent, failed, _ = await claim()
        async with db.begin() as session:
            await record_sent(session, sent, utcnow())
            await record_failure(session, failed, utcnow(), "550 unknown", final=True)
        async with db.read() as session:
            selects = [select_outbox(), *map(select_outbox, OutboxState)]
            found = [list(await session.scalars(query)) for query in selects]
            with pytest.raises(InvalidRequestError, match="raiseload"):
                _ = found[0][0].text

    subjects = [[message.subject[-1] for message in messages] for messages in found]
    assert subjects == [["2", "1", "0"], ["2"], ["0"], ["1"]]


async def test_waiting_message_can_be_tried_at_once(app: Quart) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        async with db.begin() as session:
            with pytest.raises(ConflictError):
                await retry_message(session, claimed.id)
            await record_failure(session, claimed, utcnow(), "451 later")
        assert await claim() == []
        async with db.begin() as session:
            await retry_message(session, claimed.id)
        assert len(await claim()) == 1


async def test_finished_message_cannot_be_tried_again(app: Quart) -> None:
    async with app.app_context():
        await add()
        async with db.begin() as session:
            await session.execute(update(OutboxMessage).values(due_at=None, failed_at=utcnow()))
        message = await load()
        async with db.begin() as session:
            with pytest.raises(ConflictError, match="its text is gone"):
                await retry_message(session, message.id)
            with pytest.raises(NotFoundError):
                await retry_message(session, message.id + 1)
