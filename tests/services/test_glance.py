"""How sites did of late comes with their roll-ups."""

from datetime import datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import glance
from quartapp.models.glance import DAYS, HOURS, follow_means
from quartapp.services.rollup import roll_again
from tests.services.history import DAY, HOUR, MINUTE, START, add_looks, add_outage, roll_up_all
from tests.services.watching import watch


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def load_glance(entity_id: int) -> tuple[datetime, str, list[int | None]]:
    async with db.read() as session:
        query = select(glance.c.at, glance.c.days, glance.c.means)
        at, days, means = (
            await session.execute(query.where(glance.c.entity_id == entity_id))
        ).one()
    return at, days, follow_means(means, at, at)


async def test_roll_up_writes_down_how_a_site_did(app: Quart) -> None:
    async with app.app_context():
        (site,) = await watch("http://a.example")
        looks = [START + number * timedelta(minutes=10) for number in range(4 * 24 * 6)]
        await add_looks(site.id, [at for at in looks if at < START + DAY], total=0.1)
        late = START + 2 * DAY
        await add_looks(site.id, [at for at in looks if START + DAY <= at < late], total=0.25)
        await add_outage(site.id, START + DAY + HOUR, START + DAY + 2 * HOUR)
        await roll_up_all(late + 16 * MINUTE)

        known = "ud"
        assert await load_glance(site.id) == (
            late,
            known.rjust(DAYS - 1, "."),
            [250] * HOURS,
        )


async def test_hours_that_are_rolled_up_anew_change_the_glance(app: Quart) -> None:
    async with app.app_context():
        (site,) = await watch("http://a.example")
        await add_looks(site.id, [START + number * MINUTE for number in range(60)], total=0.1)
        await roll_up_all(START + 2 * HOUR + 16 * MINUTE)
        before = await load_glance(site.id)
        await add_looks(site.id, [START + number * MINUTE for number in range(60, 120)], total=0.3)
        now = START + 2 * HOUR + 30 * MINUTE
        async with db.begin() as session:
            await roll_again(session, {site.id: START + HOUR}, now)
        await roll_up_all(now)
        after = await load_glance(site.id)

    assert before[2][-2:] == [100, None]
    assert after[2][-2:] == [100, 300]
