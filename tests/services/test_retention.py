"""Results go when their days are over."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete, func, insert, select

from quartapp.extensions import db
from quartapp.models import Entity, result, rolled, utcnow
from quartapp.monitoring.retain import count_surplus, roll_up_all, turn_over
from quartapp.services.retention import (
    count_old_results,
    drop_partitions,
    list_partitions,
    make_partitions,
    name_partition,
    remove_old_results,
    start_day,
)
from tests.services.watching import watch

DAY = timedelta(days=1)
TODAY = utcnow().date()
AHEAD = [name_partition(TODAY + number * DAY) for number in range(4)]
ROW = {
    **{"outcome": "ok", "reason": "", "detail": "", "state": "up", "status": 200},
    **{"waited": 0.0, "total": 0.1},
}


@pytest.fixture(autouse=True)
async def _no_partitions(app: Quart) -> AsyncIterator[None]:
    """Whatever other tests have made."""
    await drop_all(app)
    yield
    await drop_all(app)


async def drop_all(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await drop_partitions(session, TODAY + 30 * DAY)


async def add_results(*ages: int) -> None:
    """Add a result of each of the first sites for each age in days."""
    entities = await watch("http://a.example", "http://b.example", "http://c.example")
    async with db.begin() as session:
        for entity in entities:
            for age in ages:
                at = start_day(TODAY - age * DAY)
                given = {"entity_id": entity.id, "slot_at": at, "started_at": at}
                await session.execute(insert(result).values(**ROW, **given))


async def mark_rolled_up(age: int) -> None:
    """Let all sites be rolled up until the start of a day."""
    async with db.begin() as session:
        until = start_day(TODAY - age * DAY)
        for id in await session.scalars(select(Entity.id)):
            await session.execute(insert(rolled).values(entity_id=id, until=until))


async def list_ages() -> list[int]:
    async with db.read() as session:
        days = await session.scalars(select(result.c.slot_at).order_by(result.c.slot_at.desc()))
        return [(TODAY - day.date()).days for day in days]


async def test_old_results_go_some_sites_and_a_day_at_a_time(app: Quart) -> None:
    async with app.app_context():
        await add_results(0, 29, 31, 399, 400)
        await mark_rolled_up(1)
        async with db.read() as session:
            assert await count_old_results(session, TODAY - 30 * DAY) == 9
        after: int | None = 0
        steps = []
        while after is not None:
            async with db.begin() as session:
                swept = await remove_old_results(session, TODAY - 30 * DAY, after=after, sites=2)
            after = swept.after
            steps.append(swept.removed)

        assert await list_ages() == [0, 0, 0, 29, 29, 29]
        assert steps == [2, 2, 2, 1, 1, 1, 0]  # two sites, then the third; then there are no more
        async with db.read() as session:
            assert await count_old_results(session, TODAY - 30 * DAY) == 0


async def turn_over_all(days: int) -> tuple[int, int]:
    """Return how many results were to go, and how many went."""
    return await count_surplus(days), sum([count async for count in turn_over(days)])


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_each_day_has_a_partition_before_it_comes(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            assert await make_partitions(session, TODAY) == AHEAD
        async with db.begin() as session:
            assert await make_partitions(session, TODAY) == []
        await add_results(0, 5)
        await mark_rolled_up(-2)
        async with db.read() as session:
            found = await session.execute(
                select(result.c.slot_at).select_from(result).where(result.c.entity_id > 0)
            )
            assert len(found.all()) == 6
        async with db.begin() as session:
            assert await drop_partitions(session, TODAY + DAY) == {AHEAD[0]: 3}
        assert await list_ages() == [5, 5, 5]  # those have no day of their own
        async with db.begin() as session:
            assert await list_partitions(session) == AHEAD[1:]


@pytest.mark.parametrize("database_kind", ["sqlite", "mariadb"])
async def test_other_databases_need_no_partitions(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        assert await make_partitions(session, TODAY) == []
        assert await drop_partitions(session, TODAY) == {}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_day_whose_results_came_first_keeps_them_with_the_rest(app: Quart) -> None:
    async with app.app_context():
        await add_results(0)
        async with db.begin() as session:
            assert await make_partitions(session, TODAY) == AHEAD[1:]
        assert await list_ages() == [0, 0, 0]


async def test_round_leaves_what_is_young(app: Quart) -> None:
    async with app.app_context():
        await add_results(0, 6, 8)
        assert await turn_over_all(7) == (0, 0)
        assert await list_ages() == [0, 0, 0, 6, 6, 6, 8, 8, 8]
        await roll_up_all()
        assert await turn_over_all(7) == (3, 3)
        assert await list_ages() == [0, 0, 0, 6, 6, 6]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_partition_stays_while_a_site_needs_it(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await make_partitions(session, TODAY)
        await add_results(0)
        await mark_rolled_up(-2)
        late = delete(rolled).where(
            rolled.c.entity_id == select(func.max(Entity.id)).scalar_subquery()
        )
        async with db.begin() as session:
            await session.execute(late)
            assert await drop_partitions(session, TODAY + DAY) == {}
        async with db.begin() as session:
            await session.execute(
                delete(result).where(result.c.entity_id.not_in(select(rolled.c.entity_id)))
            )
            assert await drop_partitions(session, TODAY + DAY) == {AHEAD[0]: 2}
