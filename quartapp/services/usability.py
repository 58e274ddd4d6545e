"""Who is there and who is not: sites by state, their results and outages, and figures of both."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from quartapp.models import Check, Entity, Outage, State, User, result
from quartapp.models.look import Outcome
from quartapp.models.uptime import Figures, Seen, Span, measure

REACH = 2  # intervals for which one look speaks, when none follows


def select_usability(
    search: str = "", state: State | None = None, *, seen_by: User | None
) -> Select[Check]:
    """Where the sites stand that *seen_by* may see, by name; entities and open outages loaded."""
    query = select(Check).join(Check.entity).order_by(Entity.name, Check.id)
    query = query.options(contains_eager(Check.entity), joinedload(Check.outage))
    if seen_by is None:
        query = query.where(Entity.is_public)
    if state:
        query = query.where(Check.state == state)
    if not search:
        return query
    found = or_(
        Entity.name.icontains(search, autoescape=True),
        Entity.url.icontains(search, autoescape=True),
    )
    return query.where(found)


def select_outages(entity: Entity) -> Select[Outage]:
    """The outages of a site, the newest first."""
    query = select(Outage).where(Outage.entity_id == entity.id)
    return query.order_by(Outage.started_at.desc(), Outage.id.desc())


def select_results(entity: Entity, before: datetime | None = None) -> Select[Any]:
    """The looks at a site, the newest first: all, or those of slots before a moment."""
    query = select(result).where(result.c.entity_id == entity.id)
    if before is not None:
        query = query.where(result.c.slot_at < before)
    return query.order_by(result.c.slot_at.desc())


async def list_results(
    session: AsyncSession, entity: Entity, *, before: datetime | None = None, limit: int = 20
) -> Sequence[Row[Any]]:
    """Return the newest looks at a site, or those of slots before a moment."""
    query = select_results(entity, before).limit(limit)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def measure_usability(
    session: AsyncSession, entity: Entity, interval: int, while_: Span
) -> Figures:
    """Return the figures of a site in a while; *interval* is that of its looks, in seconds."""
    reach = timedelta(seconds=REACH * interval)
    columns = select(result.c.started_at, result.c.outcome, result.c.total)
    rows = await session.execute(
        columns.where(
            result.c.entity_id == entity.id,
            result.c.slot_at >= while_.start - reach,
            result.c.slot_at < while_.end,
        ).order_by(result.c.slot_at)
    )
    seen = [Seen(at, Outcome(outcome), total) for at, outcome, total in rows]
    return measure(seen, await list_spans(session, entity, while_), while_, reach)


async def list_spans(session: AsyncSession, entity: Entity, while_: Span) -> list[Span]:
    """Return the outages that reach into a while; one that lasts, until its end."""
    rows = await session.execute(
        select(Outage.started_at, Outage.ended_at).where(
            Outage.entity_id == entity.id,
            Outage.started_at < while_.end,
            or_(Outage.ended_at.is_(None), Outage.ended_at > while_.start),
        )
    )
    return [Span(start, end or while_.end) for start, end in rows]
