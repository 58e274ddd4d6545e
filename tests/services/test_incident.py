"""What strangers are told of incidents, on every database."""

from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select, update

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Entity, Incident, IncidentNote, Role, User, utcnow
from quartapp.models.incident import Impact, NoteState
from quartapp.models.status import Part
from quartapp.services import incident as service
from quartapp.services.entity import get_entity, remove_entity
from quartapp.services.group import add_group
from quartapp.services.incident import (
    add_incident,
    add_note,
    edit_incident,
    get_incident,
    list_shown_incidents,
    remove_incident,
)
from tests.helpers import add_person
from tests.services.history import DAY, HOUR

NOTE = {"state": NoteState.INVESTIGATING, "body": "We look."}


async def tell(by: User, *entities: Entity, **given: Any) -> Incident:
    """Tell of an incident of these sites; without any, of all."""
    ids = [entity.id for entity in entities] or None
    fields = {"title": "Slow", "impact": Impact.MINOR, "entity_ids": ids, **NOTE, **given}
    async with db.begin() as session:
        return await add_incident(session, by, **fields)


async def note(incident: Incident, by: User, state: NoteState) -> None:
    async with db.begin() as session:
        by = await session.merge(by)
        found = await get_incident(session, incident.id)
        await add_note(session, found, by, state=state, body=f"It is {state}.")


async def load(incident: Incident) -> Incident:
    async with db.read() as session:
        return await get_incident(session, incident.id)


async def list_titles(part: Part) -> list[str]:
    async with db.read() as session:
        return [one.title for one in await list_shown_incidents(session, part, utcnow())]


@pytest.fixture
async def open_site(app: Quart, entities: list[Entity]) -> Entity:
    """The first one, which is public; the other one is not."""
    entities[0].is_public = True
    async with app.app_context(), db.begin() as session:
        await session.merge(entities[0])
    return entities[0]


async def test_last_note_says_whether_it_is_resolved(app: Quart, boss: User) -> None:
    async with app.app_context():
        incident = await tell(boss)
        resolved = []
        for state in (NoteState.RESOLVED, NoteState.RESOLVED, NoteState.MONITORING):
            await note(incident, boss, state)
            resolved.append((await load(incident)).resolved_at)
        notes = (await load(incident)).notes
    assert resolved[0] is not None
    assert resolved == [resolved[0], resolved[0], None]
    assert [one.state for one in notes] == ["monitoring", "resolved", "resolved", "investigating"]
    assert {one.author and one.author.name for one in notes} == {"boss"}


async def test_incident_is_shown_where_its_public_sites_are(
    app: Quart, entities: list[Entity], open_site: Entity, boss: User
) -> None:
    async with app.app_context():
        await tell(boss, *entities, title="both")
        await tell(boss, entities[1], title="secret")
        await tell(boss, title="all")
        async with db.begin() as session:
            ids = [entity.id for entity in entities]
            full = await add_group(session, boss, name="Full", entity_ids=ids)
            empty = await add_group(session, boss, name="Empty", entity_ids=ids[1:])
        parts = {
            Part(): ["all", "both"],
            Part(group_id=full.id): ["all", "both"],
            Part(group_id=empty.id): ["all"],
            Part(entity_id=open_site.id): ["all", "both"],
            Part(entity_id=entities[1].id): ["all"],
        }
        assert {part: await list_titles(part) for part in parts} == parts


async def test_open_ones_come_first_and_old_ones_not_at_all(app: Quart, boss: User) -> None:
    async with app.app_context():
        now = utcnow()
        for title, started, resolved in [
            ("old", 40 * DAY, None),
            ("gone", 15 * DAY, 14 * DAY + HOUR),
            ("late", 15 * DAY, 14 * DAY - HOUR),
            ("new", HOUR, timedelta()),
        ]:
            made = await tell(boss, title=title, started_at=now - started)
            resolved_at = None if resolved is None else now - resolved
            async with db.begin() as session:
                of_it = update(Incident).where(Incident.id == made.id)
                await session.execute(of_it.values(resolved_at=resolved_at))
        assert await list_titles(Part()) == ["old", "new", "late"]


async def test_incident_of_a_removed_site_is_not_of_all(
    app: Quart, entities: list[Entity], open_site: Entity, boss: User
) -> None:
    async with app.app_context():
        incident = await tell(boss, entities[1])
        async with db.begin() as session:
            site = await get_entity(session, entities[1].id, seen_by=boss)
            await remove_entity(session, site, boss)
        found = await load(incident)
        assert (found.entities, found.is_of_all) == ([], False)
        assert await list_titles(Part()) == []


async def test_incident_is_changed_and_removed(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        incident = await tell(boss)
        for ids in ([entities[1].id, entities[0].id], None):
            async with db.begin() as session:
                found = await get_incident(session, incident.id)
                await edit_incident(session, found, boss, entity_ids=ids, title="Fast")
            found = await load(incident)
            assert (found.title, found.entity_ids, found.is_of_all) == (
                "Fast",
                sorted(ids or []),
                ids is None,
            )
        async with db.begin() as session:
            await remove_incident(session, await get_incident(session, incident.id), boss)
        with pytest.raises(NotFoundError):
            await load(incident)
        async with db.read() as session:
            assert list(await session.scalars(select(IncidentNote.id))) == []


async def test_wrong_incident_is_refused(
    app: Quart, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            viewer = await add_person(session, "viewer", role=Role.VIEWER)
        with pytest.raises(ForbiddenError, match="Viewers may read only"):
            await tell(viewer)
        with pytest.raises(InvalidError, match="It has not happened yet"):
            await tell(boss, started_at=utcnow() + HOUR)
        with pytest.raises(InvalidError, match="Of which sites is it"):
            await tell(boss, entity_ids=[])
        with pytest.raises(InvalidError, match="There is no site 7"):
            await tell(boss, entity_ids=[7])
        monkeypatch.setattr(service, "MAX_NOTES", 1)
        incident = await tell(boss)
        with pytest.raises(ConflictError, match="no more than 1 notes"):
            await note(incident, boss, NoteState.RESOLVED)
