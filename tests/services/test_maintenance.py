"""Sites that rest, and the people who let them."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Check, Entity, State, User, result, utcnow
from quartapp.models.look import Reason
from quartapp.models.uptime import Figures, Span, measure
from quartapp.services.check import edit_check
from quartapp.services.maintenance import (
    edit_maintenance,
    find_resting,
    get_maintenance,
    keep_windows,
    remove_maintenance,
    select_maintenances,
)
from quartapp.services.trace import find_reaches, list_outages, list_seen
from tests.helpers import add_person
from tests.services.events import list_events
from tests.services.history import MINUTE
from tests.services.resting import rest
from tests.services.watching import HOUR, load_check, load_outages, look, watch

SECOND = timedelta(seconds=1)


async def keep(now: datetime, limit: int = 500) -> int:
    async with db.begin() as session:
        return await keep_windows(session, await find_resting(session, now), now, limit)


async def measure_usability(session: AsyncSession, entity: Entity, while_: Span) -> Figures:
    spans = {entity.id: while_}
    reaches = await find_reaches(session, spans)
    seen = await list_seen(session, spans, reaches)
    outages = await list_outages(session, spans)
    return measure(seen[entity.id], outages[entity.id], while_, reaches[entity.id])


async def list_states() -> list[str]:
    async with db.read() as session:
        return list(await session.scalars(select(Check.state).order_by(Check.id)))


async def test_site_rests_for_its_window(app: Quart, entities: list[Entity], boss: User) -> None:
    async with app.app_context():
        start = utcnow() + SECOND
        await look(start)
        await rest(entities[0], boss, start + MINUTE)
        moved = [await keep(start + number * MINUTE) for number in (0, 1, 2, 60, 61, 62)]
        assert moved == [0, 1, 0, 0, 1, 0]
        await keep(start + MINUTE)
        assert await list_states() == ["maintenance", "up"]
        await keep(start + 61 * MINUTE)
        assert await list_states() == ["new", "up"]


async def test_all_sites_rest_for_a_window_of_all(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        start = utcnow()
        await rest(None, boss, start)
        assert [await keep(start, limit=1) for _ in range(3)] == [1, 1, 0]
        assert await list_states() == ["maintenance", "maintenance"]


async def test_window_that_repeats_holds_on_its_day(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    monday = datetime.fromisoformat("2026-06-01T21:00:00+00:00")  # 23:00 in Berlin
    rule = {"timezone": "Europe/Berlin", "weekdays": "1", "start_time": time(23), "minutes": 60}
    async with app.app_context():
        await rest(entities[0], boss, monday, starts_at=None, ends_at=None, **rule)
        states = []
        for moment in (monday - SECOND, monday, monday + HOUR - SECOND, monday + HOUR):
            await keep(moment)
            states += (await list_states())[:1]
    assert states == ["new", "maintenance", "maintenance", "new"]


async def test_no_outage_begins_while_a_site_rests(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        start = utcnow() + SECOND
        await rest(entities[0], boss, start)
        await keep(start)
        for number in range(4):
            await look(start + number * 2 * MINUTE, Reason.CONNECT)
        async with db.read() as session:
            which = result.c.entity_id == entities[0].id
            states = list(await session.scalars(select(result.c.state).where(which)))
            while_ = Span(start, start + 8 * MINUTE)
            figures = await measure_usability(session, entities[0], while_)
        outages = await load_outages()

    assert [outage.entity_id for outage in outages] == [entities[1].id]
    assert states == [State.MAINTENANCE] * 4
    nothing = {"ok": 0, "fail": 0, "error": 0, "up": 0, "down": 0}
    assert figures == Figures(**nothing, maintenance=480, p50=None, p95=None, p99=None)


async def test_outage_from_before_lasts_and_its_time_of_rest_is_not_down(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        start = utcnow() + SECOND
        for number in range(3):
            await look(start + number * 2 * MINUTE, Reason.CONNECT)
        await rest(entities[0], boss, start + 6 * MINUTE)
        await keep(start + 6 * MINUTE)
        await look(start + 6 * MINUTE)
        async with db.read() as session:
            while_ = Span(start, start + 8 * MINUTE)
            figures = await measure_usability(session, entities[0], while_)
        assert (figures.down, figures.maintenance, figures.up) == (360, 120, 0)
        assert (await load_check()).outage_id is not None
        await keep(start + 2 * HOUR)
        assert (await load_check()).standing.state is State.DOWN
        assert (await load_outages())[0].ended_at is None
        for number in range(2):
            await look(start + 2 * HOUR + number * 2 * MINUTE)
        assert (await load_outages())[0].ended_at == start + 6 * MINUTE


async def test_window_that_is_open_ends_sooner_and_looks_keep_what_they_counted_as(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        start = utcnow() + SECOND
        window = await rest(entities[0], boss, start)
        await keep(start)
        await look(start, Reason.CONNECT)
        async with db.begin() as session:
            row = await get_maintenance(session, window.id)
            await edit_maintenance(session, row, boss, ends_at=start + MINUTE)
        await keep(start + MINUTE)
        states = await list_states()
        async with db.read() as session:
            while_ = Span(start, start + MINUTE)
            figures = await measure_usability(session, entities[0], while_)

    assert states[0] == "new"
    assert (figures.maintenance, figures.up, figures.down) == (60, 0, 0)


async def test_paused_site_stays_paused(app: Quart, entities: list[Entity], boss: User) -> None:
    async with app.app_context():
        start = utcnow()
        async with db.begin() as session:
            await edit_check(session, entities[0], boss, is_paused=True)
        await rest(None, boss, start)
        await keep(start)
        assert await list_states() == ["paused", "maintenance"]
        await keep(start + HOUR)
        assert await list_states() == ["paused", "new"]


async def test_who_may_change_a_site_may_let_it_rest(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann, bob = [await add_person(session, name) for name in ("ann", "bob")]
        (entity,) = await watch("http://a.example")
        async with db.begin() as session:
            (await session.get_one(Entity, entity.id)).owner_id = ann.id
        window = await rest(await reload(entity), ann, utcnow())
        with pytest.raises(ForbiddenError):
            await rest(await reload(entity), bob, utcnow())
        with pytest.raises(ForbiddenError):
            await rest(None, ann, utcnow())
        for change in (edit_maintenance, remove_maintenance):
            with pytest.raises(ForbiddenError):
                async with db.begin() as session:
                    await change(session, await get_maintenance(session, window.id), bob)
        async with db.begin() as session:
            await remove_maintenance(session, await get_maintenance(session, window.id), boss)
        async with db.read() as session:
            with pytest.raises(NotFoundError):
                await get_maintenance(session, window.id)


async def test_what_people_do_to_windows_is_recorded(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        mine, all_ = [await rest(entity, boss, utcnow()) for entity in (entities[0], None)]
        for window in (mine, all_):
            async with db.begin() as session:
                row = await get_maintenance(session, window.id)
                await edit_maintenance(session, row, boss, title="Moving")
            async with db.begin() as session:
                await remove_maintenance(session, await get_maintenance(session, window.id), boss)
        events = await list_events()

    assert [event[:4] for event in events] == [
        ("boss", "maintenance-added", "Site 1", "New disks"),
        ("boss", "maintenance-added", "", "all sites: New disks"),
        ("boss", "maintenance-changed", "Site 1", "Moving"),
        ("boss", "maintenance-removed", "Site 1", "Moving"),
        ("boss", "maintenance-changed", "", "all sites: Moving"),
        ("boss", "maintenance-removed", "", "all sites: Moving"),
    ]


async def reload(entity: Entity) -> Entity:
    async with db.read() as session:
        return await session.get_one(Entity, entity.id)


async def test_windows_of_a_site_are_its_own_and_those_of_all(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        now = utcnow()
        mine, _, all_ = [await rest(entity, boss, now) for entity in (*entities, None)]
        async with db.read() as session:
            found = list(await session.scalars(select_maintenances(entities[0].id)))
    assert [window.id for window in found] == [all_.id, mine.id]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("timezone", {"timezone": "Mars/Base"}),
        ("starts_at", {"starts_at": None}),
        ("ends_at", {"ends_at": None}),
        ("ends_at", {"ends_at": datetime.fromisoformat("2020-01-01T00:00:00Z")}),
        ("ends_at", {"ends_at": datetime.fromisoformat("2900-01-01T00:00:00Z")}),
        ("starts_at", {"weekdays": "1"}),
        ("weekdays", {"starts_at": None, "ends_at": None, "minutes": 1}),
        ("start_time", {"starts_at": None, "ends_at": None, "weekdays": "1"}),
        (
            "minutes",
            {"starts_at": None, "ends_at": None, "weekdays": "1", "start_time": time(0, 0)},
        ),
    ],
)
async def test_what_is_no_window_is_refused_by_field(
    app: Quart, boss: User, field: str, given: dict[str, Any]
) -> None:
    async with app.app_context():
        with pytest.raises(InvalidError) as caught:
            await rest(None, boss, utcnow(), **given)
    assert caught.value.errors[0].loc == (field,)
