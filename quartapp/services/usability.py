"""Who is there and who is not: sites by state, their results and outages, and figures of both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from quartapp.models import Check, Entity, Outage, State, User, result
from quartapp.services.entity import match_site


def select_usability(
    search: str = "", states: Collection[State] = (), *, seen_by: User | None
) -> Select[Check]:
    """Where the sites stand that *seen_by* may see, by name; entities and open outages loaded."""
    query = select(Check).join(Check.entity).order_by(Entity.name, Check.id)
    query = query.options(contains_eager(Check.entity), joinedload(Check.outage))
    if seen_by is None:
        query = query.where(Entity.is_public)
    if states:
        query = query.where(Check.state.in_(states))
    return query.where(match_site(search)) if search else query


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
