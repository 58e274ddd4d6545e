"""How fast a site answered, by looks and by roll-ups."""

from datetime import datetime, timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity
from quartapp.models.curve import QUARTER, Curve, Reach, Reading
from quartapp.models.uptime import Span
from quartapp.services.latency import load_curve
from tests.helpers import queries
from tests.services.history import DAY, HOUR, START, add_looks, add_outage, roll_up_all
from tests.services.watching import watch

NOW = START + 400 * DAY + 5 * HOUR + timedelta(minutes=20)


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


async def load(entity: Entity, reach: Reach) -> Curve:
    async with db.read() as session:
        return await load_curve(session, entity, reach, NOW)


def answered(curve: Curve) -> dict[datetime, tuple[int, float | None, float | None]]:
    """Return what was measured, by the starts of the steps that have something."""
    found = {one.start_at: (one.answers, one.p50, one.p95) for one in curve.readings}
    return {at: values for at, values in found.items() if values[0]}


async def test_day_is_read_from_looks_by_quarters_of_an_hour(app: Quart, entity: Entity) -> None:
    quarter = NOW - timedelta(minutes=5)
    async with app.app_context():
        await add_looks(entity.id, [NOW - timedelta(minutes=1)], total=0.25)
        await add_looks(entity.id, [quarter - DAY + QUARTER], total=0.5)
        await add_looks(entity.id, [quarter - DAY], total=9.0)
        await add_outage(entity.id, NOW - 2 * DAY, NOW - HOUR)
        await add_outage(entity.id, NOW - timedelta(minutes=1), None)
        curve = await load(entity, Reach.DAY)

    assert len(curve.readings) == 96
    assert answered(curve) == {
        quarter - DAY + QUARTER: (1, 0.5, 0.5),
        quarter: (1, 0.25, 0.25),
    }
    assert sorted(curve.outages, key=lambda one: one.start) == [
        Span(NOW - 2 * DAY, NOW - HOUR),
        Span(NOW - timedelta(minutes=1), NOW),
    ]


@pytest.mark.parametrize(
    ("reach", "count", "last"),
    [
        (Reach.WEEK, 168, START + 400 * DAY + 5 * HOUR),
        (Reach.MONTH, 30, START + 400 * DAY),
        (Reach.YEAR, 365, START + 400 * DAY),
    ],
)
async def test_longer_whiles_are_read_from_roll_ups_and_what_is_not_rolled_up(
    app: Quart, entity: Entity, reach: Reach, count: int, last: datetime
) -> None:
    step = HOUR if reach is Reach.WEEK else DAY
    async with app.app_context():
        await add_looks(entity.id, [NOW - timedelta(minutes=1)], total=0.5)
        await add_looks(entity.id, [last - 3 * step], total=0.25)
        await add_looks(entity.id, [last - count * step])
        await roll_up_all(NOW, hours=20_000)
        curve = await load(entity, reach)

    assert len(curve.readings) == count
    found = answered(curve)
    assert found == {
        last - 3 * step: (1, pytest.approx(0.25, rel=0.05), pytest.approx(0.25, rel=0.05)),
        last: (1, pytest.approx(0.5, rel=0.05), pytest.approx(0.5, rel=0.05)),
    }
    assert curve.readings[0] == Reading(last - (count - 1) * step)


async def test_year_costs_few_statements(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await add_looks(entity.id, [NOW - number * DAY for number in range(1, 300)])
        await roll_up_all(NOW, hours=20_000)
        with queries(db.engine) as sent:
            await load(entity, Reach.YEAR)
    assert len([one for one in sent if one.startswith("SELECT")]) == 8
