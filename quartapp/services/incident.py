"""Incidents that strangers may read of, and what is noted on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.models import Action, Entity, Incident, IncidentNote, User, utcnow
from quartapp.models.incident import MAX_NOTES, NoteState, incident_entity
from quartapp.models.rights import may_write_incidents
from quartapp.models.rollup import DAY
from quartapp.models.status import Part
from quartapp.services.audit import record_event
from quartapp.services.entity import get_chosen
from quartapp.services.status import match_part
from quartapp.texts import Text

BACK = 14 * DAY  # resolved ones are shown so long
SHOWN = 20


def select_incidents() -> Select[Incident]:
    """The incidents, the newest first, with sites, notes and their authors."""
    notes = selectinload(Incident.notes).joinedload(IncidentNote.author)
    query = select(Incident).options(selectinload(Incident.entities), notes)
    return query.order_by(Incident.started_at.desc(), Incident.id.desc())


def select_shown_incidents(part: Part, now: datetime) -> Select[Incident]:
    """Those that a status page tells of: open ones first, then those of the last days."""
    is_recent = or_(Incident.resolved_at.is_(None), Incident.resolved_at >= now - BACK)
    query = select(Incident).options(selectinload(Incident.entities), selectinload(Incident.notes))
    query = query.where(or_(Incident.is_of_all, has_shown_site(part)), is_recent)
    order = Incident.resolved_at.is_not(None), Incident.started_at.desc(), Incident.id.desc()
    return query.order_by(*order).limit(SHOWN)


def has_shown_site(part: Part) -> ColumnElement[bool]:
    sites = select(incident_entity.c.incident_id).join(
        Entity, Entity.id == incident_entity.c.entity_id
    )
    return Incident.id.in_(sites.where(match_part(part)))


async def list_shown_incidents(
    session: AsyncSession, part: Part, now: datetime
) -> Sequence[Incident]:
    return (await session.scalars(select_shown_incidents(part, now))).all()


async def get_incident(session: AsyncSession, incident_id: int) -> Incident:
    incident = await session.scalar(select_incidents().where(Incident.id == incident_id))
    if incident is None:
        raise NotFoundError(Text("There is no incident %(id)s.", id=incident_id))
    return incident


async def add_incident(
    session: AsyncSession,
    by: User,
    *,
    entity_ids: list[int] | None,
    state: NoteState,
    body: str,
    started_at: datetime | None = None,
    **fields: Any,
) -> Incident:
    """Tell of an incident of these sites, or of all (None), with its first note."""
    refuse_reader(by)
    now = utcnow()
    place = await find_place(session, entity_ids)
    incident = Incident(**place, started_at=started_at or now, notes=[], **fields)
    refuse_future(incident, now)
    session.add(incident)
    await insert_note(session, incident, by, state=state, body=body)
    await record_event(session, Action.INCIDENT_ADDED, by=by, detail=incident.title)
    return incident


async def edit_incident(
    session: AsyncSession, incident: Incident, by: User, **changes: Any
) -> Incident:
    """Change what is named in *changes*."""
    refuse_reader(by)
    if "entity_ids" in changes:
        changes |= await find_place(session, changes.pop("entity_ids"))
    for field, value in changes.items():
        setattr(incident, field, value)
    refuse_future(incident, utcnow())
    await session.flush()
    await session.refresh(incident, ["entities"])  # by name
    await record_event(session, Action.INCIDENT_CHANGED, by=by, detail=incident.title)
    return incident


async def add_note(
    session: AsyncSession, incident: Incident, by: User, *, state: NoteState, body: str
) -> IncidentNote:
    """Say where an incident stands; one that was resolved is open again by any other state."""
    refuse_reader(by)
    if await count_notes(session, incident) >= MAX_NOTES:
        text = Text("An incident has no more than %(count)s notes.", count=MAX_NOTES)
        raise ConflictError(text)
    return await insert_note(session, incident, by, state=state, body=body)


async def count_notes(session: AsyncSession, incident: Incident) -> int:
    """Return how many notes there are; whoever adds one meanwhile waits, and sees what comes."""
    row = select(Incident.id).where(Incident.id == incident.id)
    if await session.scalar(row.with_for_update()) is None:
        raise NotFoundError(Text("There is no incident %(id)s.", id=incident.id))
    await session.refresh(incident, ["resolved_at"])
    notes = select(func.count(IncidentNote.id)).where(IncidentNote.incident_id == incident.id)
    return await session.scalar(notes) or 0


async def insert_note(
    session: AsyncSession, incident: Incident, by: User, *, state: NoteState, body: str
) -> IncidentNote:
    note = IncidentNote(author=by, state=state, body=body)
    incident.notes.insert(0, note)
    is_resolved = state is NoteState.RESOLVED
    incident.resolved_at = (incident.resolved_at or utcnow()) if is_resolved else None
    await session.flush()
    return note


async def remove_incident(session: AsyncSession, incident: Incident, by: User) -> None:
    refuse_reader(by)
    await session.delete(incident)
    await record_event(session, Action.INCIDENT_REMOVED, by=by, detail=incident.title)


async def find_place(session: AsyncSession, entity_ids: list[int] | None) -> dict[str, Any]:
    """Return the fields that say of which sites an incident is."""
    if entity_ids is None:
        return {"is_of_all": True, "entities": []}
    if not entity_ids:
        raise InvalidError.of_field("entity_ids", Text("Of which sites is it?"))
    return {"is_of_all": False, "entities": await get_chosen(session, entity_ids)}


def refuse_reader(user: User) -> None:
    if not may_write_incidents(user):
        raise ForbiddenError(Text("Viewers may read only; ask an administrator to be an editor."))


def refuse_future(incident: Incident, now: datetime) -> None:
    if incident.started_at > now:
        raise InvalidError.of_field("started_at", Text("It has not happened yet."))
