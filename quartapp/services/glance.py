"""How sites did of late, from their roll-ups: for all who are shown many at once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, Outage, State, daily, glance, hourly
from quartapp.models.glance import DAYS, HOURS, SHAKY_SHARE, UNKNOWN, Day, follow_days, write_means
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


def list_days(entity_id: Any, today: datetime) -> list[Any]:
    """The columns that tell how the days of a site were, of its check and its glance."""
    lasts = or_(Outage.ended_at.is_(None), Outage.ended_at >= today)
    return [
        glance.c.at,
        glance.c.days,
        Check.state,
        (Check.looked_at >= today).label("was_seen"),
        select(Outage.id).where(Outage.entity_id == entity_id, lasts).exists().label("was_out"),
    ]


def read_days(row: Row[Any], today: datetime) -> str:
    """Return a letter for each of the last days, with today as far as it is known."""
    days = follow_days(row.days, row.at, today) if row.at else UNKNOWN * (DAYS - 1)
    return days + find_today(row)


def find_today(row: Row[Any]) -> str:
    """Return how today is so far, which nobody has rolled up yet."""
    if row.was_out:
        return Day.DOWN
    if row.state == State.MAINTENANCE:
        return Day.HELD
    return Day.UP if row.was_seen else UNKNOWN


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
