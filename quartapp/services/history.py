"""How a site did over long: roll-ups, and the looks that are not rolled up yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import InvalidError
from quartapp.models import Check, Entity, daily, hourly, rolled, utcnow
from quartapp.models.rollup import (
    DAY,
    HOUR,
    end_step,
    list_starts,
    start_day,
    start_hour,
    start_step,
)
from quartapp.models.uptime import Figures, Span, Summary, measure, summarize
from quartapp.services.batch import pad
from quartapp.services.check import load_checks
from quartapp.services.rollup import roll_up_hours
from quartapp.services.trace import find_reaches, list_outages, list_seen, list_summaries
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


@dataclass(frozen=True, slots=True)
class Usability:
    """Where a site stands, its entity and outage loaded, and how it did."""

    check: Check
    windows: Windows


async def load_usability(session: AsyncSession, entity_ids: list[int]) -> dict[int, Usability]:
    """Return how these sites do, by as many statements as for one."""
    windows = await measure_all_windows(session, entity_ids, now := utcnow())
    query = select(Entity).where(Entity.id.in_(pad(entity_ids)))
    entities = list(await session.scalars(query))
    checks = await load_checks(session, entities, now)
    return {id: Usability(check, windows[id]) for id, check in checks.items()}


async def measure_windows(session: AsyncSession, entity: Entity, now: datetime) -> Windows:
    return (await measure_all_windows(session, [entity.id], now))[entity.id]


async def measure_all_windows(
    session: AsyncSession, ids: Collection[int], now: datetime
) -> dict[int, Windows]:
    """Return how these sites did; the last day to the second, by its looks."""
    starts = [start_hour(now - days * DAY) for days in (7, 30, 365)]
    edges = [Span(start, end_step(start, DAY)) for start in starts]
    untils = await find_untils(session, ids, now)
    todays = {id: start_day(until) for id, until in untils.items()}
    days = await load_all_sums(session, daily, {id: [Span(starts[-1], todays[id])] for id in ids})
    spans = {id: [*edges, Span(todays[id], untils[id])] for id in ids}
    hours = await load_all_sums(session, hourly, spans)

    recent = {id: Span(min(untils[id], now - DAY), now) for id in ids}
    reaches = await find_reaches(session, recent)
    seen = await list_seen(session, recent, reaches)
    outages = await list_outages(session, recent)
    found = {}
    for id in ids:
        fresh = summarize(seen[id], outages[id], Span(untils[id], now), reaches[id])
        sums = {**hours[id], untils[id]: fresh}
        found[id] = Windows(
            measure(seen[id], outages[id], Span(now - DAY, now), reaches[id]),
            *(add_up(days[id], sums, start, todays[id]).figures for start in starts),
        )
    return found


def add_up(days: Sums, hours: Sums, start: datetime, today: datetime) -> Summary:
    """Add whole days, and the hours before and after them."""
    first = end_step(start, DAY)
    whole = [found for day, found in days.items() if day >= first]
    rest = [found for hour, found in hours.items() if start <= hour < first or hour >= today]
    return Summary.add_up([*whole, *rest])


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
    return (await find_untils(session, [entity.id], now))[entity.id]


async def find_untils(
    session: AsyncSession, ids: Collection[int], now: datetime
) -> dict[int, datetime]:
    query = select(rolled.c.entity_id, rolled.c.until).where(rolled.c.entity_id.in_(ids))
    oldest = start_hour(now - FRESH)
    found: dict[int, datetime] = {row.entity_id: row.until for row in await session.execute(query)}
    return {id: max(found.get(id, oldest), oldest) for id in ids}


async def load_sums(
    session: AsyncSession, table: Table, entity: Entity, spans: Sequence[Span]
) -> Sums:
    return (await load_all_sums(session, table, {entity.id: spans}))[entity.id]


async def load_all_sums(
    session: AsyncSession, table: Table, spans: Mapping[int, Sequence[Span]]
) -> dict[int, Sums]:
    wanted = [(id, span) for id in spans for span in spans[id] if span.start < span.end]
    sums: dict[int, Sums] = {id: {} for id in spans}
    for id, start, found in await list_summaries(session, table, wanted):
        sums[id][start] = found
    return sums


async def load_fresh(session: AsyncSession, entity: Entity, span: Span) -> Sums:
    """Add up the looks by hours that are not rolled up."""
    if span.start >= span.end:
        return {}
    spans = {entity.id: span}
    reaches = await find_reaches(session, spans)
    seen = await list_seen(session, spans, reaches)
    outages = await list_outages(session, spans)
    return dict(roll_up_hours(seen[entity.id], outages[entity.id], span, reaches[entity.id]))
