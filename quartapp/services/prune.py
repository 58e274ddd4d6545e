"""Rows that nobody can use any more: removed, so that their tables do not grow for ever."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import ApiToken, Link, UserSession
from quartapp.services.session import still_holds

TOKEN_KEPT = timedelta(days=30)  # after its last day


async def prune_rows(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Remove so many at most of the sessions, links and tokens that are past; return how many."""
    counts = [
        await prune_table(session, UserSession, not_(still_holds(now)), limit),
        await prune_table(session, Link, Link.expires_at <= now, limit),
        await prune_table(session, ApiToken, ApiToken.expires_at <= now - TOKEN_KEPT, limit),
    ]
    return sum(counts)


async def prune_table(
    session: AsyncSession,
    table: type[UserSession | Link | ApiToken],
    is_past: ColumnElement[bool],
    limit: int,
) -> int:
    past = select(table.id).where(is_past).order_by(table.id).limit(limit)
    # Another worker may be about to remove the same: it is left to do that.
    ids = list(await session.scalars(past.with_for_update(skip_locked=True)))
    if ids:
        await session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)
