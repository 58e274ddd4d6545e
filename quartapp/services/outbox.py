"""The outbox: mail is added where it is caused, claimed by one worker, and its end recorded."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from quartapp.errors import ConflictError, FieldError, InvalidError, NotFoundError
from quartapp.models import Action, OutboxMessage, OutboxState, User, utcnow
from quartapp.models.outbox import CLAIM_LENGTH, ERROR_LENGTH, clean_subject
from quartapp.models.text import clean_address
from quartapp.services.audit import record_event
from quartapp.texts import Text, find_text

CANCELLED = Text("An administrator cancelled it.")
FINISHED = {"due_at": None, "claimed_by": None, "text": "", "html": ""}


# --- what causes mail


async def add_message(
    session: AsyncSession,
    *,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    host: str = "localhost",
) -> OutboxMessage:
    """Have a mail sent when this transaction is committed; *host* is ours, for the Message-ID.

    A subject that is too long is cut; InvalidError for what could not stand in a header.
    """
    message = OutboxMessage(
        message_id=f"<{secrets.token_hex(16)}@{host}>",
        recipient=check(clean_address, recipient, "recipient"),
        subject=check(clean_subject, subject, "subject"),
        text=text,
        html=html,
        due_at=utcnow(),
    )
    session.add(message)
    await session.flush()
    return message


async def withdraw_message(session: AsyncSession, message: OutboxMessage) -> None:
    """Have a mail that this transaction has added not sent: nobody ever sees it."""
    await session.delete(message)
    await session.flush()


def check(clean: Callable[[str], str], value: str, field: str) -> str:
    try:
        return clean(value)
    except ValueError as error:
        wrong = FieldError((field,), find_text(error), "value_error")
        raise InvalidError(Text("This cannot be sent by mail."), (wrong,)) from error


# --- what sends it


async def has_due_messages(session: AsyncSession, now: datetime) -> bool:
    due = select(OutboxMessage.id).where(OutboxMessage.due_at <= now).limit(1)
    return await session.scalar(due) is not None


async def claim_messages(
    session: AsyncSession, *, now: datetime, lease: timedelta, limit: int
) -> list[OutboxMessage]:
    """Return messages that are the caller's alone for *lease*, and then anybody's again.

    What was tried least comes first: mail that fails again and again holds up no other.
    """
    claim = secrets.token_hex(CLAIM_LENGTH // 2)
    is_due = OutboxMessage.due_at <= now
    order = OutboxMessage.attempts, OutboxMessage.due_at, OutboxMessage.id
    due = select(OutboxMessage.id).where(is_due).order_by(*order)
    # Inside of the update, PostgreSQL may run this once for every row, and so claim all there are.
    found = await session.scalars(due.limit(limit).with_for_update(skip_locked=True))
    chosen = list(found)
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(chosen), is_due)
        .values(claimed_by=claim, due_at=now + lease, attempts=OutboxMessage.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    claimed = await session.scalars(select(OutboxMessage).where(OutboxMessage.claimed_by == claim))
    return sorted(claimed, key=lambda message: chosen.index(message.id))


async def record_sent(session: AsyncSession, message: OutboxMessage, now: datetime) -> bool:
    return await record(session, message, sent_at=now, last_error="", **FINISHED)


async def record_failure(
    session: AsyncSession, message: OutboxMessage, now: datetime, error: str, *, final: bool = False
) -> bool:
    """Have the message tried again later; no more when that is *final*, or it is too old."""
    next_try = None if final else message.find_next_try(now)
    found = {"last_error": error[:ERROR_LENGTH]}
    if next_try is None:
        return await record(session, message, failed_at=now, **found, **FINISHED)
    return await record(session, message, due_at=next_try, claimed_by=None, **found)


async def release_message(session: AsyncSession, message: OutboxMessage, now: datetime) -> bool:
    """Give back what was claimed and not tried."""
    return await record(
        session, message, due_at=now, claimed_by=None, attempts=message.attempts - 1
    )


async def record(session: AsyncSession, message: OutboxMessage, **values: Any) -> bool:
    """Write what became of a claimed message; False: the claim ran out, and another one has it."""
    is_ours = OutboxMessage.id == message.id, OutboxMessage.claimed_by == message.claimed_by
    found = await session.execute(
        update(OutboxMessage)
        .where(*is_ours)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return isinstance(found, CursorResult) and found.rowcount == 1


# --- what administrators see


def select_outbox(state: OutboxState | None = None) -> Select[OutboxMessage]:
    """All messages, the newest first, without their texts: links are for the recipient alone."""
    conditions = {
        OutboxState.WAITING: OutboxMessage.due_at.is_not(None),
        OutboxState.SENT: OutboxMessage.sent_at.is_not(None),
        OutboxState.FAILED: OutboxMessage.failed_at.is_not(None),
    }
    hidden = defer(OutboxMessage.text, raiseload=True), defer(OutboxMessage.html, raiseload=True)
    query = select(OutboxMessage).options(*hidden).order_by(OutboxMessage.id.desc())
    return query.where(conditions[state]) if state else query


async def retry_message(session: AsyncSession, message_id: int) -> None:
    """Have a message that waits for its next try sent now."""
    await change_waiting(session, message_id, due_at=utcnow())


async def cancel_message(session: AsyncSession, message_id: int, by: User) -> None:
    """Have a message that waits never sent; its text is forgotten."""
    given_up = {"failed_at": utcnow(), "last_error": CANCELLED}
    await change_waiting(session, message_id, **given_up, **FINISHED)
    message = (await session.scalars(select_outbox().where(OutboxMessage.id == message_id))).one()
    detail = f"{message.subject}, to {message.recipient}"
    await record_event(session, Action.MAIL_CANCELLED, by=by, detail=detail)


async def change_waiting(session: AsyncSession, message_id: int, **values: Any) -> None:
    """Change a message that no worker is at."""
    found = await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.due_at.is_not(None))
        .where(OutboxMessage.claimed_by.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if isinstance(found, CursorResult) and found.rowcount == 1:
        return
    message = await session.scalar(select_outbox().where(OutboxMessage.id == message_id))
    if message is None:
        raise NotFoundError(Text("There is no message %(message_id)s.", message_id=message_id))
    raise ConflictError(Text("It is being sent, or finished: its text is gone."))
