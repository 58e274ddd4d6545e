"""What is known of sites in a while: their looks, outages, and what these were rolled up to."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, Outage, State, result
from quartapp.models.check import INTERVAL
from quartapp.models.latency import Latency
from quartapp.models.look import Outcome
from quartapp.models.uptime import Seen, Span, Summary

REACH = 2  # intervals for which one look speaks, when none follows
FIELDS = ("ok", "fail", "error", "up", "down", "maintenance")  # of a roll-up, and of a Summary

Spans = Mapping[int, Span]  # a while of its own for each site, by ids: no more is read than needed


async def find_reaches(session: AsyncSession, entity_ids: Collection[int]) -> dict[int, timedelta]:
    """Return for how long a look at each site speaks."""
    query = select(Check.entity_id, Check.interval).where(Check.entity_id.in_(entity_ids))
    found: dict[int, int] = {row.entity_id: row.interval for row in await session.execute(query)}
    return {id: timedelta(seconds=REACH * found.get(id, INTERVAL)) for id in entity_ids}


async def list_seen(
    session: AsyncSession, spans: Spans, reaches: Mapping[int, timedelta]
) -> dict[int, list[Seen]]:
    """Return the looks that speak for a part of a while, in the order of time."""
    wider = {id: Span(span.start - reaches[id], span.end) for id, span in spans.items()}
    columns = (result.c.started_at, result.c.outcome, result.c.total, result.c.state)
    query = select(result.c.entity_id, *columns).where(is_within(result, "slot_at", wider.items()))
    seen: dict[int, list[Seen]] = {id: [] for id in spans}
    for id, at, outcome, total, state in await session.execute(query):
        seen[id].append(Seen(at, Outcome(outcome), total, state == State.MAINTENANCE))
    for looks in seen.values():
        looks.sort(key=lambda look: look.started_at)
    return seen


async def list_outages(session: AsyncSession, spans: Spans) -> dict[int, list[Span]]:
    """Return the outages that reach into the whiles; one that lasts, until their end."""
    start = min(span.start for span in spans.values())
    end = max(span.end for span in spans.values())
    rows = await session.execute(
        select(Outage.entity_id, Outage.started_at, Outage.ended_at).where(
            Outage.entity_id.in_(spans),
            Outage.started_at < end,
            or_(Outage.ended_at.is_(None), Outage.ended_at > start),
        )
    )
    outages: dict[int, list[Span]] = {id: [] for id in spans}
    for id, started_at, ended_at in rows:
        outages[id].append(Span(started_at, ended_at or end))
    return outages


async def list_summaries(
    session: AsyncSession, table: Table, spans: Collection[tuple[int, Span]]
) -> list[tuple[int, datetime, Summary]]:
    """Return what *table*, hourly or daily, has of the whiles, in the order of time."""
    if not spans:
        return []
    query = select(table).where(is_within(table, "start_at", spans)).order_by(table.c.start_at)
    return [(row.entity_id, row.start_at, read_row(row)) for row in await session.execute(query)]


def read_row(row: Row[Any]) -> Summary:
    latency = Latency.read(
        row.latency_total, row.latency_least, row.latency_most, row.latency_buckets
    )
    return Summary(**{name: getattr(row, name) for name in FIELDS}, latency=latency)


def is_within(table: Table, name: str, spans: Iterable[tuple[int, Span]]) -> ColumnElement[bool]:
    """The condition that a row is of one of these sites, in its while; equal whiles are one."""
    column = table.c[name]
    sites: dict[Span, list[int]] = defaultdict(list)
    for id, span in spans:
        sites[span].append(id)
    return or_(
        *[
            and_(table.c.entity_id.in_(ids), column >= span.start, column < span.end)
            for span, ids in sites.items()
        ]
    )
