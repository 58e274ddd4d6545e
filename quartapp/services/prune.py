"""Rows that nobody can use any more: removed, so that their tables do not grow for ever."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, and_, delete, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import ApiToken, Delivery, KeptAnswer, Link, UserSession
from quartapp.models.idempotency import KEPT_FOR
from quartapp.models.visit import visits
from quartapp.services.session import still_holds

TOKEN_KEPT = timedelta(days=30)  # after its last day
DELIVERIES_KEPT = timedelta(days=90)  # after they were due
VISITS_KEPT = timedelta(days=400)  # the same days of the year before, and some more


async def prune_rows(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Remove so many at most of the rows of each table that are past; return how many."""
    counts = [
        await prune_table(session, UserSession, not_(still_holds(now)), limit),
        await prune_table(session, Link, Link.expires_at <= now, limit),
        await prune_table(session, ApiToken, ApiToken.expires_at <= now - TOKEN_KEPT, limit),
        await prune_table(session, Delivery, is_forgotten(now), limit),
        await prune_table(session, KeptAnswer, KeptAnswer.created_at <= now - KEPT_FOR, limit),
        await prune_visits(session, now),
    ]
    return sum(counts)


def is_forgotten(now: datetime) -> ColumnElement[bool]:
    return and_(Delivery.due_at.is_(None), Delivery.planned_at <= now - DELIVERIES_KEPT)


async def prune_table(
    session: AsyncSession,
    table: type[UserSession | Link | ApiToken | Delivery | KeptAnswer],
    is_past: ColumnElement[bool],
    limit: int,
) -> int:
    past = select(table.id).where(is_past).order_by(table.id).limit(limit)
    # Another worker may be about to remove the same: it is left to do that.
    ids = list(await session.scalars(past.with_for_update(skip_locked=True)))
    if ids:
        await session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)


async def prune_visits(session: AsyncSession, now: datetime) -> int:
    """Remove the days that are past: of each there are some rows for each page, and no more."""
    is_past = visits.c.day < (now - VISITS_KEPT).date()
    done = await session.execute(delete(visits).where(is_past))
    return done.rowcount if isinstance(done, CursorResult) else 0
