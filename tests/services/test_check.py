"""How sites are looked at, and who may say so."""

from datetime import timedelta

import pytest
from quart import Quart

from quartapp.errors import ConflictError, ForbiddenError, InvalidError
from quartapp.extensions import db
from quartapp.models import Check, Entity, Role, State, User, utcnow
from quartapp.services.check import adopt_entities, edit_check, run_check
from quartapp.services.claim import has_due_checks
from quartapp.services.entity import edit_entity
from tests.helpers import add_person
from tests.services.watching import LEASE, claim, load_check, look, watch

SECOND = timedelta(seconds=1)


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def boss(app: Quart) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "boss", role=Role.ADMIN)


async def edit(entity: Entity, by: User, **changes: object) -> Check:
    async with db.begin() as session:
        return await edit_check(session, entity, by, **changes)  # type: ignore[arg-type]


async def test_change_is_tried_out_at_once(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        await look(utcnow() + SECOND)
        check = await edit(entity, boss, interval=3600, down_after=1, statuses="204")
        (job,) = await claim(utcnow() + SECOND)

    assert (check.interval, check.down_after, check.statuses) == (3600, 1, "204")
    assert (job.expected.statuses, job.timeout) == ("204", 20.0)


async def test_value_wants_a_path(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        with pytest.raises(InvalidError, match="A value wants a path"):
            await edit(entity, boss, json_value="up")
        await edit(entity, boss, json_path="$.status", json_value="up")
        with pytest.raises(InvalidError, match="A value wants a path"):
            await edit(entity, boss, json_path="")
        await edit(entity, boss, json_value="down")
        (job,) = await claim(utcnow() + SECOND)
        assert (job.expected.json_path, job.expected.json_value) == ("$.status", "down")
        check = await edit(entity, boss, json_path="", json_value="")

    assert (check.json_path, check.json_value) == ("", "")


async def test_only_owner_and_administrators_say_how(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        async with db.begin() as session:
            bob = await add_person(session, "bob")
        with pytest.raises(ForbiddenError, match="Only the owner"):
            await edit(entity, bob, interval=60)
        with pytest.raises(ForbiddenError, match="Only the owner"):
            async with db.begin() as session:
                await run_check(session, entity, bob)


async def test_only_administrators_look_very_often(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            bob = await add_person(session, "bob")
            entity.owner_id = bob.id
        with pytest.raises(InvalidError, match="every 30 s"):
            await edit(entity, bob, interval=10)
        assert (await edit(entity, boss, interval=10)).interval == 10


async def test_paused_site_is_not_looked_at_and_resumed_at_once(
    app: Quart, entity: Entity, boss: User
) -> None:
    async with app.app_context():
        await look(utcnow() + SECOND)
        await edit(entity, boss, is_paused=True)
        paused = await load_check()
        async with db.begin() as session:
            assert not await has_due_checks(session, utcnow() + timedelta(days=9))
        with pytest.raises(ConflictError, match="paused"):
            async with db.begin() as session:
                await run_check(session, entity, boss)
        await edit(entity, boss, is_paused=False)
        resumed = await load_check()
        assert len(await claim(utcnow() + SECOND)) == 1

    assert (paused.state, paused.due_at) == (State.PAUSED, None)
    assert resumed.state == State.NEW


async def test_pause_is_not_undone_by_a_look_that_was_under_way(
    app: Quart, entity: Entity, boss: User
) -> None:
    async with app.app_context():
        await claim(utcnow() + SECOND)
        await edit(entity, boss, is_paused=True)
        assert await look(utcnow() + LEASE) == []
        assert (await load_check()).state == State.PAUSED


async def test_site_that_moved_is_looked_at_where_it_is_now(
    app: Quart, entity: Entity, boss: User
) -> None:
    async with app.app_context():
        await look(utcnow() + SECOND)
        async with db.begin() as session:
            moved = await session.merge(entity)
            await edit_entity(session, moved, boss, url="http://new.example")
        (job,) = await claim(utcnow() + SECOND)

    assert (job.url, job.host) == ("http://new.example", "new.example")


async def test_site_is_looked_at_when_somebody_asks(app: Quart, entity: Entity, boss: User) -> None:
    async with app.app_context():
        await look(utcnow() + SECOND)
        assert await claim(utcnow() + SECOND) == []
        async with db.begin() as session:
            await run_check(session, entity, boss)
        assert len(await claim(utcnow() + SECOND)) == 1


async def test_site_that_another_version_added_is_adopted(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        async with db.begin() as session:
            old = Entity(name="Old", slug="old", url="http://old.example")
            session.add(old)
        async with db.begin() as session:
            assert await adopt_entities(session, utcnow()) == 1
        async with db.begin() as session:
            assert await adopt_entities(session, utcnow()) == 0
        jobs = await claim(utcnow() + SECOND)

    assert [job.host for job in jobs] == ["a.example", "old.example"]


async def test_site_that_another_version_added_can_be_changed(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            old = Entity(name="Old", slug="old", url="http://old.example")
            session.add(old)
        assert (await edit(old, boss, interval=90)).interval == 90
        assert len(await claim(utcnow() + SECOND)) == 1
