"""After the last fault: what is still to be done is waited for; then the database is read."""

import asyncio
import json
import time
from collections import defaultdict
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import (
    Check,
    Delivery,
    Entity,
    Event,
    EventKind,
    OutboxState,
    State,
    result,
    utcnow,
)
from quartapp.services.outbox import retry_message, select_outbox
from tests.chaos.judge import Mail, Site
from tests.chaos.stack import Stack
from tests.smtp_sink import Sink

PATIENCE = 90.0  # s: claims of the dead run out, and who waits for the mail server asks again


async def settle(stack: Stack) -> None:
    """Wait until all is told and sent; what is put off is sent now, as administrators may."""
    async with asyncio.timeout(PATIENCE):
        while await hasten(stack.engine):
            await asyncio.sleep(0.5)


async def hasten(engine: AsyncEngine) -> int:
    """Have all mail sent now; return how much there is, and how much should have been told."""
    async with AsyncSession(engine) as session, session.begin():
        waiting = list(await session.scalars(select_outbox(OutboxState.WAITING)))
        for message in waiting:
            if message.claimed_by is None:
                await retry_message(session, message.id)
        untold = select(func.count()).select_from(Delivery).where(Delivery.due_at <= utcnow())
        return len(waiting) + (await session.scalar(untold) or 0)


async def read_mail(session: AsyncSession, sink: Sink) -> list[Mail]:
    taken: dict[str, list[float]] = defaultdict(list)
    for delivery in sink.deliveries:
        taken[str(delivery.mail["Message-ID"])].append(delivery.at)
    return [
        Mail(
            row.message_id,
            row.recipient,
            row.sent_at is not None,
            row.last_error,
            tuple(sorted(taken[row.message_id])),
        )
        for row in await session.scalars(select_outbox())
    ]


async def read_sites(session: AsyncSession) -> list[Site]:
    """Return the sites that are watched, with the looks at them by the clock of the loop."""
    ahead = time.time() - asyncio.get_running_loop().time()
    looks: dict[int, list[float]] = defaultdict(list)
    for row in await session.execute(select(result.c.entity_id, result.c.started_at)):
        looks[row.entity_id].append(row.started_at.timestamp() - ahead)
    named = select(Entity.id, Entity.name, Check.interval).join(Check, Check.entity_id == Entity.id)
    rows = (await session.execute(named.where(Check.state != State.PAUSED))).all()
    return [Site(row.name, row.interval, tuple(sorted(looks[row.id]))) for row in rows]


async def find_false_alarms(session: AsyncSession) -> list[str]:
    """Return what was told of sites that were well all the time."""
    query = select(Entity.name, Event.title, Event.detail).join(Event, Event.entity_id == Entity.id)
    query = query.where(Entity.name.startswith("steady"), Event.kind == EventKind.DOWN)
    return [f"{row.name}: {row.title}: {row.detail}" for row in await session.execute(query)]


def find_defects(path: Path) -> list[str]:
    """Return what the processes show a traceback of: nobody has thought of it."""
    lines = map(json.loads, path.read_text().splitlines())
    return [
        f"{line['logger']}: {line['message']} {line['exception'][-500:]}"
        for line in lines
        if "exception" in line
    ]
