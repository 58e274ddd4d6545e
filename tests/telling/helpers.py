"""What tests of the teller share: webhooks that listen, and tellers that work."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from quartapp.extensions import db
from quartapp.models import Delivery, OutboxMessage, utcnow
from quartapp.telling.teller import Teller, run_teller, tell_due
from tests.monitoring.farm import Reader, Writer, make_answer, say


class Hook:
    """A webhook that takes what it gets, and answers each time as it is told to."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        self.bodies.append(await reader.read(65_536))
        status = self.statuses.pop(0) if self.statuses else "200 OK"
        await say(make_answer(status=status))(reader, writer)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


def read_head(head: bytes) -> dict[str, str]:
    """Return the headers of ours."""
    found = re.findall(r"(?m)^X-Quartapp-(\w+): (.*?)\r?$", head.decode())
    return dict(found)


async def work(*tellers: Teller) -> None:
    """Tell all that is due, and wait until it is told."""
    await asyncio.gather(*[work_alone(teller) for teller in tellers])


async def work_alone(teller: Teller) -> None:
    while await tell_due(teller) or teller.errands:
        if teller.errands:
            await asyncio.wait(teller.errands)
        await asyncio.sleep(0)


@asynccontextmanager
async def running(tellers: Sequence[Teller], patience: float = 1.0) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(run_teller(teller, patience)) for teller in tellers]
    try:
        yield
    finally:
        for teller in tellers:
            teller.stop()
        await asyncio.gather(*tasks)


async def make_due() -> None:
    """Let the time come of all that waits."""
    async with db.begin() as session:
        waits = Delivery.due_at.is_not(None)
        await session.execute(update(Delivery).where(waits).values(due_at=utcnow()))


async def list_mails() -> list[OutboxMessage]:
    async with db.read() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


async def list_subjects() -> list[str]:
    return [mail.subject for mail in await list_mails()]


def find_minutes(row: Delivery) -> int:
    assert row.due_at is not None
    return round((row.due_at - utcnow()) / timedelta(minutes=1))
