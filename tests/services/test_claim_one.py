"""A look at one site that somebody asks for, due or not."""

import asyncio
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import delete, select, text

from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Check, Entity, State, User, utcnow
from quartapp.models.lens import Lens
from quartapp.models.reading import Plan
from quartapp.models.result import result
from quartapp.services.check import edit_check
from quartapp.services.claim import Job, claim_check
from quartapp.services.entity import remove_entity
from tests.services.reading import edit, show
from tests.services.watching import HOUR, LEASE, claim, load_check, look, record, see, watch


async def claim_one(entity: Entity, now: Any) -> Job:
    async with db.begin() as session:
        return await claim_check(session, entity, now=now, lease=LEASE)


async def test_look_of_today_is_claimed_due_or_not(app: Quart) -> None:
    async with app.app_context():
        (entity,) = await watch("http://a.example")
        now = utcnow() + LEASE
        await look(now)
        job = await claim_one(entity, now)

    assert (job.slot_at, job.fence) == (now, 3)  # after a claim and its report


async def test_only_the_site_that_is_meant_is_claimed(app: Quart) -> None:
    async with app.app_context():
        entities = await watch("http://a.example", "http://b.example", "http://c.example")
        job = await claim_one(entities[1], utcnow() + LEASE)
        async with db.read() as session:
            fences = list(await session.scalars(select(Check.fence).order_by(Check.id)))

    assert (job.entity_id, job.url, fences) == (entities[1].id, "http://b.example", [0, 1, 0])


async def test_job_knows_how_its_page_is_read(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        await show(entity, "<p>Welcome")
        await edit(entity, boss, ignore=["[0-9]+"])
        job = await claim_one(entity, utcnow())

    assert job.page == Plan(lens=Lens(ignore=("[0-9]+",)))


async def pause(entity: Entity, boss: User) -> Check:
    async with db.begin() as session:
        await edit_check(session, entity, boss, is_paused=True)
    return await load_check()


async def test_paused_site_stays_so_if_nobody_comes_back(
    app: Quart, entity: Entity, boss: User
) -> None:
    async with app.app_context():
        paused = await pause(entity, boss)
        job = await claim_one(entity, utcnow())
        left = await load_check()
        assert await claim(utcnow() + 9 * HOUR) == []

    assert (left.due_at, left.slot_at, job.slot_at) == (None, paused.slot_at, paused.slot_at)


async def test_look_at_a_paused_site_is_kept(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        await pause(entity, boss)
        now = utcnow()
        await record(see(await claim_one(entity, now), now), now=now)
        check = await load_check()
        async with db.read() as session:
            kept = list(await session.scalars(select(result.c.state)))

    assert (check.state, check.due_at, kept) == (State.PAUSED, None, [State.PAUSED])


async def test_site_of_the_version_before_is_claimed_as_well(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(delete(Check))
        job = await claim_one(entity, utcnow())

    assert (job.entity_id, job.fence) == (entity.id, 1)


async def test_site_that_is_gone_is_named(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await remove_entity(session, await session.get_one(Entity, entity.id), boss)
        with pytest.raises(NotFoundError, match="There is no entity 'Site 1'"):
            await claim_one(entity, utcnow())


@pytest.mark.parametrize("database_kind", ["postgres", "mariadb"])  # SQLite has one writer
async def test_site_that_somebody_removes_meanwhile_is_named(
    app: Quart, entity: Entity, boss: User
) -> None:
    async with app.app_context(), db.begin() as session:
        known = await session.get_one(Entity, entity.id)
        async with db.begin() as other:
            await remove_entity(other, await other.get_one(Entity, entity.id), boss)
        with pytest.raises(NotFoundError, match="There is no entity 'Site 1'"):
            await claim_check(session, known, now=utcnow(), lease=LEASE)


async def wait_for_a_lock() -> None:
    """Wait until somebody waits for what another transaction has locked."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with db.read() as session:
        for _ in range(600):
            if await session.scalar(text(f"{waiting} AND datname = current_database()")):
                return
            await asyncio.sleep(0.05)
    raise AssertionError("Nobody waits.")


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("version", ["this", "before"])
async def test_site_of_a_removal_that_is_waited_for_is_named(
    app: Quart, entity: Entity, boss: User, version: str
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            if version == "before":
                await session.execute(delete(Check))
        async with db.begin() as session:
            await remove_entity(session, await session.get_one(Entity, entity.id), boss)
            await session.flush()
            claiming = asyncio.create_task(claim_one(entity, utcnow()))
            await wait_for_a_lock()
        with pytest.raises(NotFoundError, match="There is no entity 'Site 1'"):
            await claiming
