"""How many windows of maintenance there may be."""

import asyncio
from datetime import datetime, time, timedelta

import pytest
from quart import Quart

from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import Entity, Maintenance, User, utcnow
from quartapp.models.maintenance import MAX_WINDOWS
from quartapp.services import maintenance as module
from quartapp.services.maintenance import (
    edit_maintenance,
    find_resting,
    get_maintenance,
)
from tests.services.resting import rest
from tests.services.watching import HOUR

SECOND = timedelta(seconds=1)


async def test_nobody_gives_a_site_more_than_enough_windows(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        now, past = utcnow(), utcnow() - 2 * HOUR
        over = await rest(entities[0], boss, past)
        for entity, whose in ((entities[0], "This site has"), (None, "All sites have")):
            for _ in range(MAX_WINDOWS):
                last = await rest(entity, boss, now)
            with pytest.raises(ConflictError, match=f"{whose} {MAX_WINDOWS} windows to come"):
                await rest(entity, boss, now)
        await rest(entities[1], boss, now)
        await rest(entities[0], boss, past)
        async with db.begin() as session:
            row = await get_maintenance(session, last.id)
            await edit_maintenance(session, row, boss, title="Moving")
        async with db.begin() as session:
            row = await get_maintenance(session, over.id)
            with pytest.raises(ConflictError):
                await edit_maintenance(session, row, boss, ends_at=now + HOUR)


async def test_two_who_add_the_last_window_take_turns(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        now = utcnow()
        for entity in (entities[0], None):
            for _ in range(MAX_WINDOWS - 1):
                await rest(entity, boss, now)
            tries = [rest(entity, boss, now) for _ in range(4)]
            done = await asyncio.gather(*tries, return_exceptions=True)
            assert sorted(type(one).__name__ for one in done) == [
                "ConflictError",
                "ConflictError",
                "ConflictError",
                "Maintenance",
            ]


async def test_many_windows_are_judged_in_parts(
    app: Quart, entities: list[Entity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOWS", 2)
    days = {"title": "a", "timezone": "UTC", "weekdays": "1", "start_time": time(1), "minutes": 60}
    monday = datetime.fromisoformat("2026-06-01T01:00:00+00:00")
    async with app.app_context():
        async with db.begin() as session:
            session.add_all(Maintenance(entity_id=entities[0].id, **days) for _ in range(4))
            session.add(Maintenance(entity_id=entities[1].id, **days))
        async with db.read() as session:
            assert await find_resting(session, monday) == {entity.id for entity in entities}
            assert await find_resting(session, monday - SECOND) == set()
