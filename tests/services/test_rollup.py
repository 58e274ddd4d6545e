"""Looks come to hours, and hours to days."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete

from quartapp.extensions import db
from quartapp.models import Entity, daily, hourly, result, rolled, utcnow
from quartapp.models.look import Reason
from quartapp.services.retention import remove_old_results
from quartapp.services.rollup import add_marks, roll_again, roll_up
from tests.services.history import (
    DAY,
    HOUR,
    MINUTE,
    START,
    add_looks,
    add_outage,
    each_minute,
    load_rows,
    load_times,
    roll_up_all,
)
from tests.services.watching import look as look_at_all
from tests.services.watching import watch

DONE = START + HOUR + 16 * MINUTE  # the first hour is complete


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


async def test_hour_is_kept_with_times_counts_and_latency(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        moments = each_minute(START, START + HOUR)
        await add_looks(entity.id, moments[:40], total=0.125)
        await add_looks(entity.id, moments[40:50], outcome="fail", state="down")
        await add_looks(entity.id, moments[50:55], outcome="error", state="down")
        await add_looks(entity.id, moments[55:], total=1.0)
        await add_outage(entity.id, moments[40], moments[55])
        await roll_up_all(DONE)

        assert await load_rows(hourly) == [
            {
                "entity_id": entity.id,
                "start_at": START,
                **{"ok": 45, "fail": 10, "error": 5},
                **{"up": 2700.0, "down": 600.0, "maintenance": 0.0},
                **{"latency_total": 10.0, "latency_least": 0.125, "latency_most": 1.0},
                "latency_buckets": "56:40 80:5",
            }
        ]


async def test_hour_waits_for_late_reports(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, each_minute(START, START + HOUR))
        await roll_up_all(DONE - 2 * MINUTE)
        assert await load_times(hourly) == []
        await roll_up_all(DONE)
        assert await load_times(hourly) == [(START, 3600.0, 0.0, 0.0)]


async def test_look_before_the_hour_speaks_into_it(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [START + HOUR - MINUTE / 2])
        await roll_up_all(DONE + HOUR)
        assert await load_times(hourly) == [
            (START, 30.0, 0.0, 0.0),
            (START + HOUR, 90.0, 0.0, 0.0),
        ]


async def test_day_is_the_sum_of_its_hours(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [START + number * HOUR for number in range(25)])
        await add_looks(entity.id, [START + 5 * HOUR + MINUTE], state="maintenance")
        await add_outage(entity.id, START + 3 * HOUR, START + 5 * HOUR)
        await roll_up_all(START + DAY)
        assert await load_times(daily) == []
        await roll_up_all(START + DAY + 16 * MINUTE, hours=3)

        assert await load_times(daily) == [(START, 22 * 120.0 - 60, 240.0, 120.0)]
        (day,) = await load_rows(daily)
        assert (day["ok"], day["latency_buckets"]) == (24, "54:24")
        assert day["latency_total"] == pytest.approx(2.4)


async def test_stop_is_caught_up_with_in_steps(app: Quart) -> None:
    async with app.app_context():
        for entity in await watch("http://a.example", "http://b.example", "http://c.example"):
            await add_looks(entity.id, [START + number * HOUR for number in range(48)])
        steps = await roll_up_all(START + 2 * DAY + 16 * MINUTE, sites=2, hours=6)

        assert len(await load_rows(hourly)) == 3 * 48
        assert [row["ok"] for row in await load_rows(daily)] == [24] * 6
        assert steps == 1 + 3 * 8 / 2  # the marks come first


async def test_hour_without_a_look_has_no_row(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [START, START + 5 * HOUR])
        await roll_up_all(START + 6 * HOUR + 16 * MINUTE)
        assert [row["start_at"] for row in await load_rows(hourly)] == [START, START + 5 * HOUR]


async def test_rolling_up_once_more_changes_nothing(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, each_minute(START, START + DAY))
        await roll_up_all(START + DAY + HOUR)
        before = await load_rows(hourly), await load_rows(daily)
        async with db.begin() as session:
            await session.execute(delete(rolled))
        await roll_up_all(START + DAY + HOUR)
        assert (await load_rows(hourly), await load_rows(daily)) == before


async def test_hours_are_rolled_up_anew_when_more_is_known(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        now = START + DAY + HOUR
        await add_looks(entity.id, each_minute(START, START + DAY))
        await roll_up_all(now)
        await add_outage(entity.id, START + 3 * HOUR, START + 4 * HOUR)
        async with db.begin() as session:
            await roll_again(session, {entity.id: START + 3 * HOUR + MINUTE}, now)
        await roll_up_all(now)

        assert (await load_times(hourly))[3] == (START + 3 * HOUR, 0.0, 3600.0, 0.0)
        assert await load_times(daily) == [(START, 23 * 3600.0, 3600.0, 0.0)]


async def test_outage_that_is_confirmed_late_counts_from_its_first_failure(
    app: Quart, entity: Entity
) -> None:
    async with app.app_context():
        start = utcnow() + timedelta(seconds=1)
        await look_at_all(start, Reason.DNS)
        await roll_up_all(start + 4 * HOUR)
        before = await load_times(hourly)
        for hours in (5, 6):
            await look_at_all(start + hours * HOUR, Reason.DNS)
        await roll_up_all(start + 4 * HOUR)
        after = await load_times(hourly)

    assert [(at, up) for at, up, *_ in before] == [(at, down) for at, _, down, _ in after]
    assert (sum(up for _, up, *_ in before), sum(up for _, up, *_ in after)) == (120, 0)


async def test_workers_side_by_side_do_each_hour_once(app: Quart) -> None:
    async with app.app_context():
        for entity in await watch(*[f"http://{name}.example" for name in "abcdef"]):
            await add_looks(entity.id, each_minute(START, START + 3 * HOUR))
        async with db.begin() as session:
            await add_marks(session, START)
        now = START + 3 * HOUR + 16 * MINUTE

        async def work() -> int:
            async with db.begin() as session:
                return await roll_up(session, now, sites=3)

        done = await asyncio.gather(*[work() for _ in range(2)])
        await roll_up_all(now)

        assert done == [3, 3]
        assert await load_times(hourly) == [
            (START + number * HOUR, 3600.0, 0.0, 0.0) for _ in range(6) for number in range(3)
        ]


async def test_what_is_not_rolled_up_is_kept_however_old(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, each_minute(START, START + HOUR))
        today = (START + 40 * DAY).date()
        async with db.begin() as session:
            await remove_old_results(session, today, after=0)
        await roll_up_all(START + 40 * DAY + HOUR)  # it must be a day more, for what is done anew
        async with db.begin() as session:
            await remove_old_results(session, today, after=0)
        async with db.read() as session:
            assert len((await session.execute(result.select())).all()) == 60
        await roll_up_all(START + 41 * DAY + HOUR)
        async with db.begin() as session:
            await remove_old_results(session, today, after=0)
        async with db.read() as session:
            assert (await session.execute(result.select())).all() == []
        assert (await load_times(hourly))[0] == (START, 3600.0, 0.0, 0.0)
        assert await load_times(daily) == [(START, 3660.0, 0.0, 0.0)]
