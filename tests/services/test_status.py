"""What is told of public sites, on every database."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Check, Entity, State, User, utcnow
from quartapp.models.glance import DAYS, UNKNOWN, Day
from quartapp.models.rollup import start_day
from quartapp.models.status import Part
from quartapp.services.status import count_shown, list_announcements, load_bars
from tests.services.history import DAY, HOUR, add_outage
from tests.services.resting import rest


async def publish(entity: Entity) -> None:
    entity.is_public = True
    async with db.begin() as session:
        changed = await session.merge(entity)
    entity.updated_at = changed.updated_at  # by which it is known as the one that was read


async def test_states_of_public_sites_are_counted(app: Quart, entities: list[Entity]) -> None:
    async with app.app_context():
        await publish(entities[0])
        async with db.begin() as session:
            await session.execute(update(Check).values(state=State.DOWN))
        async with db.read() as session:
            parts = (Part(), Part(entity_id=entities[0].id), Part(entity_id=entities[1].id))
            found = [await count_shown(session, part) for part in parts]
    assert found == [{State.DOWN: 1}, {State.DOWN: 1}, {}]


@pytest.mark.parametrize("is_public", [True, False])
async def test_windows_of_public_sites_are_announced(
    app: Quart, entities: list[Entity], boss: User, is_public: bool
) -> None:
    async with app.app_context():
        if is_public:
            await publish(entities[0])
        now = utcnow()
        for entity, start, title in [
            (entities[0], now + 2 * DAY, "Disks"),
            (entities[0], now - 2 * HOUR, "over"),
            (entities[0], now + 15 * DAY, "far"),
            (entities[1], now, "secret"),
            (None, now + DAY, "All"),
        ]:
            await rest(entity, boss, start, title=title)
        daily_at = (now - timedelta(minutes=5)).time().replace(microsecond=0)
        once = {"starts_at": None, "ends_at": None}
        weekly = {"weekdays": "1234567", "start_time": daily_at, "minutes": 60, **once}
        await rest(entities[0], boss, now, title="Weekly", **weekly)
        async with db.read() as session:
            found = await list_announcements(session, Part(), now)
            of_other = await list_announcements(session, Part(entity_id=entities[1].id), now)
    shown = [(one.title, one.is_open, one.entity and one.entity.name) for one in found]
    own = [("Weekly", True, "Site 1"), ("All", False, None), ("Disks", False, "Site 1")]
    assert shown == (own if is_public else own[1:2])
    assert [one.title for one in of_other] == ["All"]


async def test_bar_ends_with_today(app: Quart, entities: list[Entity]) -> None:
    async with app.app_context():
        now = utcnow()
        async with db.begin() as session:
            await session.execute(update(Check).values(state=State.UP, looked_at=now))
        await add_outage(entities[1].id, start_day(now), now)
        async with db.read() as session:
            bars = await load_bars(session, [entity.id for entity in entities], now)
    unknown = UNKNOWN * (DAYS - 1)
    assert list(bars.values()) == [unknown + Day.UP, unknown + Day.DOWN]
