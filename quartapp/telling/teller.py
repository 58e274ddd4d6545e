"""The teller: has mail written, and sends requests, each in a task of its own."""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from cryptography.fernet import MultiFernet
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.models import ChannelKind, Delivery
from quartapp.models.share import Busy, find_share
from quartapp.monitoring.client import Client
from quartapp.monitoring.post import Reply, post
from quartapp.services.channel import open_secret
from quartapp.services.claim import ask_time
from quartapp.services.tell import (
    Notice,
    claim,
    find_claimed,
    has_due_deliveries,
    lock_deliveries,
    make_notice,
    record_told,
    record_untold,
    release_deliveries,
)
from quartapp.telling.letters import DEFECT, tell_by_mail
from quartapp.telling.payload import sign, write_payload
from quartapp.texts import Text

POLL = 1.0  # s between two looks for what is due
BREATH = 0.05  # s until there is more of it
MAX_PAUSE = 30.0  # s between two tries while the database is away
SLOTS = 10  # requests at once
SECONDS = 10.0  # for one request
LEASE = 60.0  # s until another teller may take what this one has not reported
MARGIN = 5.0  # s before the lease ends that a request is given up
GONE = 410  # whoever says so wants to be told no more
LOST = Text("The secret that signs for this channel cannot be read any more; change it.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """One request that is to be sent, by whoever holds the claim."""

    claimed_by: str
    url: str
    host: str
    user_id: int
    secret: str | None
    notice: Notice


@dataclass
class Teller:
    """What tells people for one process."""

    client: Client
    box: MultiFernet
    lease: float = LEASE
    errands: dict[asyncio.Task[None], Errand] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Claim no more; what is being sent is still recorded."""
        self.stopped.set()
        self.wake.set()

    @property
    def busy(self) -> Busy:
        errands = self.errands.values()
        people = Counter(errand.user_id for errand in errands)
        return Busy(Counter(errand.host for errand in errands), people, find_share(SLOTS))


async def run_teller(teller: Teller, patience: float) -> None:
    """Tell what is due until the teller stops; then wait *patience* s for what is under way."""
    pause = POLL
    try:
        while not teller.stopped.is_set():
            teller.wake.clear()
            try:
                pause = BREATH if await tell_due(teller) else POLL
            except Exception as error:  # noqa: BLE001 (the loop goes on)
                pause = min(max(pause, POLL) * 2, MAX_PAUSE)
                report_trouble(error, f"The teller waits {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(teller.wake.wait(), pause)
        if teller.errands:
            await asyncio.wait(teller.errands, timeout=patience)
    finally:
        await give_up(teller)


def report_trouble(error: Exception, what: str) -> None:
    known = classify(error)
    logger.warning("%s: %s", what, known or "see below", exc_info=None if known else error)


async def give_up(teller: Teller) -> None:
    """End what is still being sent, and give it back."""
    left = dict(teller.errands)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if not left:
        return
    try:
        async with db.begin() as session:
            claims = [errand.claimed_by for errand in left.values()]
            await release_deliveries(session, claims, await ask_time(session))
    except Exception as error:  # noqa: BLE001 (the lease ends by itself)
        report_trouble(error, f"{len(left)} deliveries could not be given back")


async def tell_due(teller: Teller) -> bool:
    """Tell some of what is due; True when there may be more of it."""
    async with db.read() as session:
        if not await has_due_deliveries(session, await ask_time(session)):
            return False
    count = await tell_by_mail()
    return bool(count + await start_errands(teller))


async def start_errands(teller: Teller) -> int:
    free = SLOTS - len(teller.errands)
    errands = await claim_errands(teller, free) if free else []
    for errand in errands:
        task = asyncio.create_task(run_errand(teller, errand))
        teller.errands[task] = errand
        task.add_done_callback(partial(leave, teller))
    return len(errands)


def leave(teller: Teller, task: asyncio.Task[None]) -> None:
    del teller.errands[task]
    teller.wake.set()


async def claim_errands(teller: Teller, limit: int) -> list[Errand]:
    kind, busy = ChannelKind.WEBHOOK, teller.busy
    async with db.begin() as session:
        now = await ask_time(session)
        rows = await lock_deliveries(session, kind, now=now, limit=limit, busy=busy)
        return [await make_errand(session, teller, row, now) for row in rows]


async def make_errand(
    session: AsyncSession, teller: Teller, row: Delivery, now: datetime
) -> Errand:
    claimed_by = claim(row, now + timedelta(seconds=teller.lease))
    channel = row.channel
    secret = open_secret(teller.box, channel)
    notice = await make_notice(session, row, now)
    return Errand(claimed_by, channel.url, channel.host, channel.user_id, secret, notice)


async def run_errand(teller: Teller, errand: Errand) -> None:
    patience = teller.lease - MARGIN
    deadline = monotonic() + patience
    try:
        async with asyncio.timeout(patience):
            reply = await send(teller, errand)
    except TimeoutError:
        reply = Reply(None, Text("It waited too long for its turn."))
    except Exception:
        logger.exception("Delivery %d failed.", errand.notice.delivery_id)
        reply = Reply(None, DEFECT)
    await record(errand, reply, deadline)


async def send(teller: Teller, errand: Errand) -> Reply:
    if errand.secret is None:
        return Reply(None, LOST)
    body, timestamp = write_payload(errand.notice), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Quartapp-Delivery": str(errand.notice.delivery_id),
        "X-Quartapp-Timestamp": timestamp,
        "X-Quartapp-Signature": sign(errand.secret, timestamp, body),
    }
    return await post(teller.client, errand.url, body, headers, timeout=SECONDS)


async def record(errand: Errand, reply: Reply, deadline: float) -> None:
    """Record until the database has it: what was sent and is not recorded, is sent once more."""
    while True:
        try:
            async with db.begin() as session:
                await write_reply(session, errand, reply)
            return
        except Exception as error:  # noqa: BLE001 (the lease ends by itself)
            report_trouble(error, f"Delivery {errand.notice.delivery_id} is not recorded yet")
            if classify(error) is None or monotonic() > deadline:
                return
        await asyncio.sleep(POLL)


async def write_reply(session: AsyncSession, errand: Errand, reply: Reply) -> None:
    row = await find_claimed(session, errand.notice.delivery_id, errand.claimed_by)
    if row is None:
        logger.warning("Delivery %d took too long, or is gone.", errand.notice.delivery_id)
        return
    now = await ask_time(session)
    if reply.is_success:
        await record_told(session, row, now)
    else:
        is_gone = reply.status == GONE
        row.channel.is_on = row.channel.is_on and not is_gone
        final = is_gone or reply.is_refused
        await record_untold(session, row, now, reply.error, final=final)
