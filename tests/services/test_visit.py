import asyncio
from datetime import date, timedelta

from quart import Quart
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from quartapp.database import is_retriable
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.visit import PageVisits, VisitKey, visits
from quartapp.services.prune import VISITS_KEPT, prune_rows
from quartapp.services.visit import add_visits, find_visits
from tests.helpers import queries

TODAY = date(2026, 3, 1)
DAY = timedelta(days=1)


async def add(counts: dict[VisitKey, int]) -> None:
    """Add until the database takes it, as a process does."""
    while True:
        try:
            async with db.begin() as session:
                return await add_visits(session, counts)
        except SQLAlchemyError as error:
            if not is_retriable(error):
                raise


async def load() -> list[tuple[object, ...]]:
    async with db.read() as session:
        found = await session.execute(select(visits).order_by(visits.c.day, visits.c.route))
        return [tuple(row) for row in found]


async def test_counts_of_many_processes_are_added_up(app: Quart) -> None:
    first, second = VisitKey(TODAY, "/a", "2xx"), VisitKey(TODAY, "/b", "2xx")
    async with app.app_context():
        await asyncio.gather(*(add({second: 1, first: 2}) for _ in range(8)))
        await add({})
        assert await load() == [(TODAY, "/a", "2xx", 16), (TODAY, "/b", "2xx", 8)]


async def test_visits_of_some_days_are_found_with_one_statement(app: Quart) -> None:
    async with app.app_context():
        for number, count in ((0, 3), (1, 4), (2, 100)):
            await add({VisitKey(TODAY - number * DAY, "/a", "2xx"): count})
        with queries(db.engine) as sent:
            async with db.read() as session:
                found = await find_visits(session, TODAY, 2)
    assert found.days == [TODAY - DAY, TODAY]
    assert found.pages == [PageVisits("/a", [4, 3], 0, 0)]
    assert len([statement for statement in sent if "BEGIN" not in statement]) == 1


async def test_days_long_past_are_removed(app: Quart) -> None:
    now = utcnow()
    last = (now - VISITS_KEPT).date()
    kept, gone = VisitKey(last, "/a", "2xx"), VisitKey(last - DAY, "/a", "2xx")
    async with app.app_context():
        await add({kept: 1, gone: 1})
        async with db.begin() as session:
            assert (await prune_rows(session, now=now, limit=100))["visit"] == 1
        assert await load() == [(*kept, 1)]


async def test_table_has_no_room_for_who_it_was() -> None:
    assert [column.name for column in visits.columns] == ["day", "route", "outcome", "count"]
