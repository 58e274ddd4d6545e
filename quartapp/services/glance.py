"""How sites did of late, from their roll-ups: for all who are shown many at once."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import daily, glance, hourly
from quartapp.models.glance import DAYS, HOURS, SHAKY_SHARE, UNKNOWN, Day, write_means
from quartapp.models.rollup import DAY, HOUR, start_day
from quartapp.services.upsert import upsert

IS_KNOWN = daily.c.up + daily.c.down + daily.c.maintenance > 0
KIND = case(
    (and_(daily.c.down == 0, daily.c.up > 0), Day.UP),
    (daily.c.down == 0, Day.HELD),
    (daily.c.down < (daily.c.up + daily.c.down) * SHAKY_SHARE, Day.SHAKY),
    else_=Day.DOWN,
)
MEAN = cast(func.round(hourly.c.latency_total * 1000 / hourly.c.ok), Integer)
MAX_MEAN = 999_999  # ms; no look waits that long


async def keep_glances(session: AsyncSession, until: Mapping[int, datetime]) -> None:
    """Write down how sites did, each up to where its hours are rolled up."""
    for at in set(until.values()):
        ids = [id for id, moment in until.items() if moment == at]
        days = await load_days(session, ids, start_day(at))
        means = await load_means(session, ids, at)
        rows = [
            {"entity_id": id, "at": at, "days": days[id], "means": write_means(means[id])}
            for id in ids
        ]
        await upsert(session, glance, rows)


async def load_days(session: AsyncSession, ids: Collection[int], today: datetime) -> dict[int, str]:
    """Return a letter for each day before *today*, the oldest first."""
    first = today - (DAYS - 1) * DAY
    query = select_days(ids).where(daily.c.start_at >= first, daily.c.start_at < today)
    days = {id: [UNKNOWN] * (DAYS - 1) for id in ids}
    for id, at, kind in await session.execute(query):
        days[id][(at - first) // DAY] = kind
    return {id: "".join(letters) for id, letters in days.items()}


def select_days(ids: Collection[int]) -> Select[*tuple[int, datetime, str]]:
    query = select(daily.c.entity_id, daily.c.start_at, KIND)
    return query.where(daily.c.entity_id.in_(ids), IS_KNOWN)


async def load_means(
    session: AsyncSession, ids: Collection[int], end: datetime
) -> dict[int, list[int | None]]:
    """Return how many ms answers took on average in each hour before *end*; None: none came."""
    first = end - HOURS * HOUR
    is_wanted: ColumnElement[bool] = and_(
        hourly.c.entity_id.in_(ids), hourly.c.start_at >= first, hourly.c.start_at < end
    )
    query = select(hourly.c.entity_id, hourly.c.start_at, MEAN).where(is_wanted, hourly.c.ok > 0)
    means: dict[int, list[int | None]] = {id: [None] * HOURS for id in ids}
    for id, at, mean in await session.execute(query):
        means[id][(at - first) // HOUR] = min(mean, MAX_MEAN)
    return means
