"""Rows that nobody can use any more: removed, so that their tables do not grow for ever."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, Table, and_, delete, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import ApiToken, Delivery, KeptAnswer, Link, OutboxMessage, UserSession
from quartapp.models.idempotency import KEPT_FOR
from quartapp.models.visit import visits
from quartapp.services.session import still_holds

TOKEN_KEPT = timedelta(days=30)  # after its last day
DELIVERIES_KEPT = timedelta(days=90)  # after they were due
MAIL_KEPT = timedelta(days=90)  # after it was written; as long as deliveries
VISITS_KEPT = timedelta(days=400)  # the same days of the year before, and some more


Pruned = type[UserSession | Link | ApiToken | Delivery | KeptAnswer | OutboxMessage]


def find_past(now: datetime) -> dict[Pruned, ColumnElement[bool]]:
    """Return which rows of each table are past."""
    return {
        UserSession: not_(still_holds(now)),
        Link: Link.expires_at <= now,
        ApiToken: ApiToken.expires_at <= now - TOKEN_KEPT,
        Delivery: is_forgotten(now),
        OutboxMessage: is_old_mail(now),
        KeptAnswer: KeptAnswer.created_at <= now - KEPT_FOR,
    }


async def prune_rows(session: AsyncSession, *, now: datetime, limit: int) -> dict[str, int]:
    """Remove so many at most of the rows of each table that are past; return how many of each."""
    counts = {
        table.__tablename__: await prune_table(session, table, is_past, limit)
        for table, is_past in find_past(now).items()
    }
    return counts | {visits.name: await prune_visits(session, now)}


async def count_past(session: AsyncSession, now: datetime) -> dict[str, int]:
    """Return how many rows of each table are past."""
    counts = {
        table.__tablename__: await count_rows(session, table, is_past)
        for table, is_past in find_past(now).items()
    }
    return counts | {visits.name: await count_rows(session, visits, is_old_visit(now))}


async def count_rows(
    session: AsyncSession, table: Pruned | Table, is_past: ColumnElement[bool]
) -> int:
    return await session.scalar(select(func.count()).select_from(table).where(is_past)) or 0


def is_forgotten(now: datetime) -> ColumnElement[bool]:
    return and_(Delivery.due_at.is_(None), Delivery.planned_at <= now - DELIVERIES_KEPT)


def is_old_mail(now: datetime) -> ColumnElement[bool]:
    return and_(OutboxMessage.due_at.is_(None), OutboxMessage.created_at <= now - MAIL_KEPT)


def is_old_visit(now: datetime) -> ColumnElement[bool]:
    return visits.c.day < (now - VISITS_KEPT).date()


async def prune_table(
    session: AsyncSession, table: Pruned, is_past: ColumnElement[bool], limit: int
) -> int:
    past = select(table.id).where(is_past).order_by(table.id).limit(limit)
    # Another worker may be about to remove the same: it is left to do that.
    ids = list(await session.scalars(past.with_for_update(skip_locked=True)))
    if ids:
        await session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)


async def prune_visits(session: AsyncSession, now: datetime) -> int:
    """Remove the days that are past: of each there are some rows for each page, and no more."""
    done = await session.execute(delete(visits).where(is_old_visit(now)))
    return done.rowcount if isinstance(done, CursorResult) else 0
