"""How public sites did, from their roll-ups alone: few statements, however many sites there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import daily, hourly
from quartapp.models.rollup import DAY, HOUR, LATE, start_day, start_hour
from quartapp.models.uptime import Span

Known = dict[int, tuple[float, float]]  # s up and down, by the ids of sites


@dataclass(frozen=True, slots=True)
class Uptimes:
    """Shares of the known time in 0 … 1, by whole hours; None: nobody looked."""

    last_24_hours: float | None
    last_30_days: float | None
    last_90_days: float | None


async def measure_uptimes(
    session: AsyncSession, ids: Collection[int], now: datetime
) -> dict[int, Uptimes]:
    today = start_day(now - HOUR - LATE)  # days before are rolled up
    hours = await load_known(session, hourly, ids, Span(start_hour(now - DAY), now))
    fresh = await load_known(session, hourly, ids, Span(today, now))
    month = await load_known(session, daily, ids, Span(start_day(now - 30 * DAY), today))
    quarter = await load_known(session, daily, ids, Span(start_day(now - 90 * DAY), today))
    return {
        id: Uptimes(share(id, hours), share(id, month, fresh), share(id, quarter, fresh))
        for id in ids
    }


async def load_known(
    session: AsyncSession, table: Table, ids: Collection[int], span: Span
) -> Known:
    columns = table.c.entity_id, func.sum(table.c.up), func.sum(table.c.down)
    query = select(*columns).where(table.c.entity_id.in_(ids)).group_by(table.c.entity_id)
    query = query.where(table.c.start_at >= span.start, table.c.start_at < span.end)
    return {id: (up, down) for id, up, down in await session.execute(query)}


def share(id: int, *parts: Known) -> float | None:
    """Return the share of the known time in which a site was up."""
    found = [part[id] for part in parts if id in part]
    known = sum(up + down for up, down in found)
    return sum(up for up, _ in found) / known if known else None
