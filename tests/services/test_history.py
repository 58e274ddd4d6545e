"""How a site did over long, by roll-ups and by looks."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete

from quartapp.extensions import db
from quartapp.models import Entity, result
from quartapp.models.uptime import Figures, Span
from quartapp.services.history import MAX_POINTS, Point, Windows, list_points, measure_windows
from tests.services.history import DAY, HOUR, START, add_looks, add_outage, roll_up_all
from tests.services.watching import watch

NOW = START + 400 * DAY + 5 * HOUR + timedelta(minutes=20)


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


async def measure(entity: Entity) -> Windows:
    async with db.read() as session:
        return await measure_windows(session, entity, NOW)


async def list_all(entity: Entity, start: Span, step: timedelta) -> list[Point]:
    async with db.read() as session:
        return await list_points(session, entity, start, step, NOW)


async def test_windows_hold_what_is_rolled_up_and_what_is_not(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        # One look of 120 s every 6 hours: 4 a day, of 400 days; the last one is not rolled up.
        await add_looks(entity.id, [NOW - number * 6 * HOUR for number in range(1, 1600)])
        await add_looks(entity.id, [NOW - timedelta(minutes=1)])
        await add_outage(entity.id, NOW - 20 * DAY, NOW - 19 * DAY)
        await roll_up_all(NOW, hours=5_000)
        async with db.begin() as session:
            await session.execute(delete(result).where(result.c.slot_at < NOW - 2 * DAY))
        found = await measure(entity)

    kinds = [found.last_24_hours, found.last_7_days, found.last_30_days, found.last_365_days]
    assert [(figures.ok, figures.up, figures.down) for figures in kinds] == [
        (5, 4 * 120 + 60, 0),
        (29, 28 * 120 + 60, 0),
        (121, 116 * 120 + 60, 4 * 120),
        (1461, 1456 * 120 + 60, 4 * 120),
    ]
    assert {figures.p95 for figures in kinds} == {0.1}


async def test_windows_do_without_any_roll_up(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [NOW - HOUR, NOW - 47 * HOUR])
        found = await measure(entity)
    assert (found.last_24_hours.ok, found.last_7_days.ok, found.last_365_days.ok) == (1, 2, 2)


async def test_last_point_ends_now(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [NOW - HOUR, NOW - timedelta(minutes=1)])
        await roll_up_all(NOW)
        hours = await list_all(entity, Span(NOW - HOUR, NOW), HOUR)
        days = await list_all(entity, Span(NOW - HOUR, NOW), DAY)

    nothing = {"fail": 0, "error": 0, "down": 0.0, "maintenance": 0.0}
    figures = {**nothing, "p50": 0.1, "p95": 0.1, "p99": 0.1}
    start = START + 400 * DAY
    assert hours == [
        Point(start + 4 * HOUR, 3480.0, Figures(ok=1, up=120.0, **figures)),
        Point(start + 5 * HOUR, 1140.0, Figures(ok=1, up=60.0, **figures)),
    ]
    assert days == [Point(start, 5 * 3600 + 1200 - 180, Figures(ok=2, up=180.0, **figures))]


async def test_points_are_as_many_as_allowed(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        end = START + MAX_POINTS * HOUR
        assert len(await list_all(entity, Span(START, end), HOUR)) == MAX_POINTS
