"""Visits of pages: added up for all processes, by day, page and outcome."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models.visit import VisitKey, Visits, sum_up, visits
from quartapp.services.upsert import upsert


async def add_visits(session: AsyncSession, counts: Mapping[VisitKey, int]) -> None:
    """Add *counts* to what is there; in one order, so that no two processes lock each other out."""
    rows = [{**key._asdict(), "count": count} for key, count in sorted(counts.items())]
    await upsert(session, visits, rows, adding={"count"})


async def find_visits(session: AsyncSession, today: date, length: int) -> Visits:
    """Return what the *length* days up to *today* came to; one statement."""
    columns = visits.c.day, visits.c.route, visits.c.outcome, visits.c["count"]
    query = select(*columns).where(visits.c.day > today - timedelta(days=length))
    rows = await session.execute(query)
    return sum_up(((VisitKey(*row[:3]), row[3]) for row in rows), today, length)
