"""Looks are rolled up by hours, and hours by days, before they go."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Entity, daily, hourly, result, rolled
from quartapp.models.rollup import (
    HOUR,
    LATE,
    REDO,
    find_complete,
    list_starts,
    start_day,
    start_hour,
)
from quartapp.models.uptime import Seen, Span, Summary, summarize
from quartapp.services.glance import keep_glances
from quartapp.services.trace import (
    FIELDS,
    Spans,
    find_reaches,
    list_outages,
    list_seen,
    list_summaries,
)
from quartapp.services.upsert import upsert

SITES, HOURS = 25, 6  # of one transaction: meanwhile this process does nothing else
NEW = 200  # sites that get their first mark in one transaction


async def add_marks(session: AsyncSession, now: datetime, limit: int = NEW) -> int:
    """Let the roll-ups of new sites start with their first look; return of how many."""
    first = select(func.min(result.c.slot_at)).where(result.c.entity_id == Entity.id)
    query = select(Entity.id, first.correlate(Entity).scalar_subquery())
    query = query.outerjoin(rolled, rolled.c.entity_id == Entity.id)
    query = query.where(rolled.c.entity_id.is_(None)).order_by(Entity.id).limit(limit)
    rows = [
        {"entity_id": id, "until": start_hour(min(start or now, now))}
        for id, start in await session.execute(query)
    ]
    await upsert(session, rolled, rows)
    return len(rows)


async def roll_again(session: AsyncSession, since: Mapping[int, datetime], now: datetime) -> None:
    """Have hours of some sites rolled up anew, where more is known of what was long ago."""
    for entity_id, moment in since.items():
        if moment < now - LATE:
            start = start_hour(max(moment, now - REDO + HOUR))
            mark = update(rolled).where(rolled.c.entity_id == entity_id, rolled.c.until > start)
            await session.execute(mark.values(until=start))


async def roll_up(
    session: AsyncSession, now: datetime, *, sites: int = SITES, hours: int = HOURS
) -> int:
    """Roll up some complete hours of the sites that wait longest; return of how many sites.

    Until the commit they are this worker's alone. What is rolled up once more is replaced.
    """
    spans = await take_spans(session, find_complete(now), sites, hours * HOUR)
    if not spans:
        return 0
    reaches = await find_reaches(session, spans)
    seen = await list_seen(session, spans, reaches)
    outages = await list_outages(session, spans)
    rows = []
    for id, span in spans.items():
        for start, summary in roll_up_hours(seen[id], outages[id], span, reaches[id]):
            rows += make_rows(id, start, summary)
    await upsert(session, hourly, rows)
    await roll_up_days(session, spans)
    marks = [{"entity_id": id, "until": span.end} for id, span in spans.items()]
    await upsert(session, rolled, marks)
    await keep_glances(session, {id: span.end for id, span in spans.items()})
    return len(spans)


async def take_spans(
    session: AsyncSession, complete: datetime, sites: int, length: timedelta
) -> dict[int, Span]:
    """Lock the marks of some sites; return the hours that are to be rolled up."""
    query = select(rolled.c.entity_id, rolled.c.until).where(rolled.c.until < complete)
    query = query.order_by(rolled.c.until, rolled.c.entity_id).limit(sites)
    rows = await session.execute(query.with_for_update(skip_locked=True))
    return {id: Span(until, min(until + length, complete)) for id, until in rows}


def roll_up_hours(
    seen: Sequence[Seen], outages: Sequence[Span], span: Span, reach: timedelta
) -> list[tuple[datetime, Summary]]:
    starts = list_starts(span.start, span.end, HOUR)
    hours = [Span(start, min(start + HOUR, span.end)) for start in starts]
    return [
        (hour.start, summarize(find_near(seen, hour, reach), outages, hour, reach))
        for hour in hours
    ]


def find_near(seen: Sequence[Seen], hour: Span, reach: timedelta) -> list[Seen]:
    """Return the looks that can say anything of an hour."""
    return [look for look in seen if hour.start - reach <= look.started_at < hour.end]


async def roll_up_days(session: AsyncSession, spans: Spans) -> None:
    """Add up the days that are complete with these hours."""
    days = {id: Span(start_day(span.start), start_day(span.end)) for id, span in spans.items()}
    complete = [(id, span) for id, span in days.items() if span.start < span.end]
    sums: dict[tuple[int, datetime], Summary] = defaultdict(Summary)
    for id, start, summary in await list_summaries(session, hourly, complete):
        sums[id, start_day(start)] += summary
    await upsert(session, daily, [row for key, day in sums.items() for row in make_rows(*key, day)])


def make_rows(entity_id: int, start: datetime, summary: Summary) -> list[dict[str, Any]]:
    """Return the row of a while; none where nothing is known of it."""
    if summary == Summary():
        return []
    latency = summary.latency
    return [
        {
            **{"entity_id": entity_id, "start_at": start},
            **{name: getattr(summary, name) for name in FIELDS},
            "latency_total": latency.total,
            "latency_least": latency.least,
            "latency_most": latency.most,
            "latency_buckets": latency.write_buckets(),
        }
    ]
