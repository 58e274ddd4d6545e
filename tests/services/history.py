"""Looks of long ago, for tests of what they come to."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from quartapp.extensions import db
from quartapp.models import Outage, result
from quartapp.services.rollup import add_marks, roll_up

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 3, tzinfo=UTC)  # a Tuesday
ROW = {
    **{"outcome": "ok", "reason": "", "detail": "", "state": "up", "status": 200},
    **{"waited": 0.0, "total": 0.1},
}


async def add_looks(entity_id: int, moments: Iterable[datetime], **given: Any) -> None:
    rows = [
        {**ROW, "entity_id": entity_id, "slot_at": at, "started_at": at, **given} for at in moments
    ]
    async with db.begin() as session:
        await session.execute(insert(result), rows)


def each_minute(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * MINUTE for number in range((end - start) // MINUTE)]


async def add_outage(entity_id: int, start: datetime, end: datetime | None) -> None:
    async with db.begin() as session:
        session.add(
            Outage(
                entity_id=entity_id, started_at=start, ended_at=end, reason="dns", cause="No name."
            )
        )


async def roll_up_all(now: datetime, **limits: int) -> int:
    """Roll up what is complete; return in how many steps."""
    steps = 0
    while True:
        async with db.begin() as session:
            if not (await add_marks(session, now) or await roll_up(session, now, **limits)):
                return steps
        steps += 1


async def load_rows(table: Table) -> list[dict[str, Any]]:
    async with db.read() as session:
        rows = await session.execute(select(table).order_by(table.c.entity_id, table.c.start_at))
        return [row._asdict() for row in rows]


async def load_times(table: Table) -> list[tuple[datetime, float, float, float]]:
    """Return start, and seconds up, down and of maintenance of what is in *table*."""
    rows = await load_rows(table)
    return [(row["start_at"], row["up"], row["down"], row["maintenance"]) for row in rows]
