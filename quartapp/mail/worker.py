"""The worker: claims what is due, sends it, and records each end at once, as it may be killed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.mail.backends import AwayError, Backend, MailError, RefusedError
from quartapp.mail.compose import compose
from quartapp.models import OutboxMessage
from quartapp.services.claim import ask_time
from quartapp.services.outbox import (
    claim_messages,
    has_due_messages,
    record_failure,
    record_sent,
    release_message,
)
from quartapp.services.prune import prune_rows

BATCH = 20  # messages of one claim
POLL = 2.0  # s between two looks for what other processes have added
MAX_PAUSE = 60.0  # s between two looks while the database or the mail server is away
SEND_SECONDS = 10.0  # for one mail
RECORD_PAUSE = 1.0  # s until what could not be recorded is tried again
PRUNE_BATCH = 200  # rows of a table, removed in one transaction
PRUNE_PAUSE = 3600.0  # s between two looks for rows that nobody can use any more

logger = logging.getLogger(__name__)

Work = Callable[..., Awaitable[bool]]  # in a session, at a time by the database's clock


@dataclass
class Mailer:
    """What sends the mail of one application, and what wakes and stops it."""

    backend: Backend
    sender: str
    lease: float  # s
    prune_at: float = 0.0  # by the clock that only goes forward
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def patience(self) -> float:
        """Seconds for one mail: so few that a claim outlasts it."""
        return min(SEND_SECONDS, self.lease / 2)

    def stop(self) -> None:
        """Have the worker end after the mail in flight."""
        self.stopped.set()
        self.wake.set()


async def run_outbox(mailer: Mailer) -> None:
    """Send what is due until the mailer stops; what goes wrong is logged, and tried again.

    When nothing is due, now and then, rows go that nobody can use any more.
    """
    pause = POLL
    while not mailer.stopped.is_set():
        mailer.wake.clear()
        try:
            while await send_batch(mailer):
                pass
            await prune(mailer)
            pause, end = POLL, mailer.wake
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            pause, end = min(pause * 2, MAX_PAUSE), mailer.stopped
            report(error, pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(end.wait(), pause)


def report(error: Exception, pause: float) -> None:
    known = error if isinstance(error, AwayError) else classify(error)
    unknown = None if known else error
    logger.warning("The outbox waits %g s: %s", pause, known or "see below", exc_info=unknown)


async def prune(mailer: Mailer) -> None:
    """Remove some of what is past: soon again while there is more, else much later."""
    if monotonic() < mailer.prune_at:
        return
    mailer.prune_at = monotonic() + PRUNE_PAUSE  # also when it fails: mail is more urgent
    async with db.begin() as session:
        now = await ask_time(session)
        removed = sum((await prune_rows(session, now=now, limit=PRUNE_BATCH)).values())
    if removed:
        mailer.prune_at = 0.0
        logger.info("Rows that nobody could use any more were removed: %d.", removed)


async def send_batch(mailer: Mailer) -> int:
    """Send some of what is due; return how many messages that were, be they sent or not.

    AwayError when the mail server is: one of them has found out, the others count no try.
    """
    deadline = monotonic() + mailer.lease
    messages = await claim(mailer)
    away: AwayError | None = None
    try:
        for message in messages:
            if away or mailer.stopped.is_set() or monotonic() + mailer.patience > deadline:
                work: Work = partial(release_message, message=message)
            else:
                work, away = await send(mailer, message)
            await record(mailer, message, work, deadline)
    finally:
        await mailer.backend.close()
    if away:
        raise away
    return len(messages)


async def claim(mailer: Mailer) -> list[OutboxMessage]:
    async with db.read() as session:
        if mailer.stopped.is_set() or not await has_due_messages(session, await ask_time(session)):
            return []
    async with db.begin() as session:
        lease = timedelta(seconds=mailer.lease)
        now = await ask_time(session)
        return await claim_messages(session, now=now, lease=lease, limit=BATCH)


async def send(mailer: Mailer, message: OutboxMessage) -> tuple[Work, AwayError | None]:
    """Return what is to be recorded, and the error when no other mail can be sent either."""
    try:
        await send_in_time(mailer, message)
    except MailError as error:
        logger.warning("%s was not sent: %s", message.message_id, error)
        away = error if isinstance(error, AwayError) else None
        return make_failure(message, error), away
    except Exception as error:
        logger.exception("%s cannot be sent.", message.message_id)
        return make_failure(message, error), None
    logger.info("%s was sent.", message.message_id)
    return partial(record_sent, message=message), None


async def send_in_time(mailer: Mailer, message: OutboxMessage) -> None:
    late: type[MailError] = AwayError
    try:
        async with asyncio.timeout(mailer.patience):
            await mailer.backend.open()
            late = MailError  # a server that lets us in and then hangs may hang at this mail alone
            await mailer.backend.send(compose(message, mailer.sender))
    except TimeoutError as error:
        raise late(f"The mail server took longer than {mailer.patience:g} s.") from error


def make_failure(message: OutboxMessage, error: Exception) -> Work:
    text = str(error) if isinstance(error, MailError) else type(error).__name__
    final = isinstance(error, RefusedError)
    return partial(record_failure, message=message, error=text, final=final)


async def record(mailer: Mailer, message: OutboxMessage, work: Work, deadline: float) -> None:
    """Record until the database has it: what was sent and is not recorded, is sent once more."""
    while True:
        try:
            async with db.begin() as session:
                kept = await work(session, now=await ask_time(session))
            break
        except SQLAlchemyError as error:
            if classify(error) is None or mailer.stopped.is_set() or monotonic() > deadline:
                raise
            logger.warning("%s is not recorded yet: %s", message.message_id, classify(error))
            await asyncio.sleep(RECORD_PAUSE)
    if not kept:
        logger.warning("%s took so long that another worker has it.", message.message_id)
