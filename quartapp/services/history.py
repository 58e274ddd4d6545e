"""How a site did over long: roll-ups, and the looks that are not rolled up yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import InvalidError
from quartapp.models import Entity, daily, hourly, rolled
from quartapp.models.rollup import (
    DAY,
    HOUR,
    end_step,
    list_starts,
    start_day,
    start_hour,
    start_step,
)
from quartapp.models.uptime import Figures, Span, Summary
from quartapp.services.rollup import roll_up_hours
from quartapp.services.trace import find_reaches, list_outages, list_seen, list_summaries
from quartapp.services.usability import measure_usability
from quartapp.texts import Text

MAX_POINTS = 1_000
FRESH = 2 * DAY  # of looks that are read at most; older ones wait for their roll-up

Sums = dict[datetime, Summary]  # by their start; where nothing is known, none


@dataclass(frozen=True, slots=True)
class Windows:
    """How a site did lately; the long ones start with a full hour."""

    last_24_hours: Figures
    last_7_days: Figures
    last_30_days: Figures
    last_365_days: Figures


@dataclass(frozen=True, slots=True)
class Point:
    """How a site did in an hour or a day, which may still last."""

    start_at: datetime
    unknown: float  # s of which nobody knows
    figures: Figures


async def measure_windows(session: AsyncSession, entity: Entity, now: datetime) -> Windows:
    starts = [start_hour(now - days * DAY) for days in (7, 30, 365)]
    until = await find_until(session, entity, now)
    today = start_day(until)
    days = await load_sums(session, daily, entity, [Span(min(starts), today)])
    edges = [Span(start, end_step(start, DAY)) for start in starts]
    hours = await load_sums(session, hourly, entity, [*edges, Span(today, until)])
    hours |= await load_fresh(session, entity, Span(until, now))
    return Windows(
        await measure_usability(session, entity, Span(now - DAY, now)),
        *(add_up(days, hours, start, today).figures for start in starts),
    )


def add_up(days: Sums, hours: Sums, start: datetime, today: datetime) -> Summary:
    """Add whole days, and the hours before and after them."""
    first = end_step(start, DAY)
    whole = [found for day, found in days.items() if day >= first]
    rest = [found for hour, found in hours.items() if start <= hour < first or hour >= today]
    return sum([*whole, *rest], Summary())


async def list_points(
    session: AsyncSession, entity: Entity, while_: Span, step: timedelta, now: datetime
) -> list[Point]:
    """Return how a site did in each HOUR or DAY of a while that ends now at the latest."""
    if while_.start >= while_.end:
        raise InvalidError.of_field("from", Text("It must be before the end, and not to come."))
    if while_.seconds / step.total_seconds() > MAX_POINTS:
        raise InvalidError.of_field(
            "from", Text("There are %(most)s points at most.", most=f"{MAX_POINTS:,}")
        )
    span = Span(start_step(while_.start, step), min(end_step(while_.end, step), now))
    load = load_by_hours if step == HOUR else load_by_days
    sums = await load(session, entity, span, now)
    starts = list_starts(span.start, span.end, step)
    return [
        make_point(Span(start, min(start + step, now)), sums.get(start, Summary()))
        for start in starts
    ]


def make_point(span: Span, found: Summary) -> Point:
    known = found.up + found.down + found.maintenance
    return Point(span.start, max(0.0, span.seconds - known), found.figures)


async def load_by_hours(session: AsyncSession, entity: Entity, span: Span, now: datetime) -> Sums:
    until = await find_until(session, entity, now)
    hours = await load_sums(session, hourly, entity, [span])
    return hours | await load_fresh(session, entity, Span(max(until, span.start), span.end))


async def load_by_days(session: AsyncSession, entity: Entity, span: Span, now: datetime) -> Sums:
    today = max(start_day(await find_until(session, entity, now)), span.start)
    days = await load_sums(session, daily, entity, [Span(span.start, today)])
    hours = await load_by_hours(session, entity, Span(today, max(span.end, today)), now)
    for hour, found in hours.items():
        days[start_day(hour)] = days.get(start_day(hour), Summary()) + found
    return days


# --- where it comes from


async def find_until(session: AsyncSession, entity: Entity, now: datetime) -> datetime:
    """Return up to where the hours of a site are rolled up."""
    query = select(rolled.c.until).where(rolled.c.entity_id == entity.id)
    oldest = start_hour(now - FRESH)
    return max(await session.scalar(query) or oldest, oldest)


async def load_sums(
    session: AsyncSession, table: Table, entity: Entity, spans: Iterable[Span]
) -> Sums:
    wanted = [(entity.id, span) for span in spans if span.start < span.end]
    return {start: found for _, start, found in await list_summaries(session, table, wanted)}


async def load_fresh(session: AsyncSession, entity: Entity, span: Span) -> Sums:
    """Add up the looks by hours that are not rolled up."""
    if span.start >= span.end:
        return {}
    spans = {entity.id: span}
    reaches = await find_reaches(session, spans)
    seen = await list_seen(session, spans, reaches)
    outages = await list_outages(session, spans)
    return dict(roll_up_hours(seen[entity.id], outages[entity.id], span, reaches[entity.id]))
