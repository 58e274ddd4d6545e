"""What is changed at the very moment when somebody else changes or removes it."""

import pytest
from quart import Quart
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Check, Entity, Incident, Maintenance, Tamper, User, utcnow
from quartapp.models.incident import Impact, NoteState
from quartapp.models.rules import Severity
from quartapp.models.tamper import TamperKind, TamperState
from quartapp.services.incident import add_incident, add_note, get_incident
from quartapp.services.maintenance import (
    add_maintenance,
    edit_maintenance,
    get_maintenance,
    remove_maintenance,
)
from quartapp.services.tamper import get_tamper, settle_tamper
from tests.services.meeting import Work, do_at_once

DAILY = {"title": "Disks", "timezone": "UTC", "weekdays": "1", "minutes": 5}


def note(state: NoteState) -> Work:
    async def work(session: AsyncSession, user: User) -> None:
        (incident_id,) = await session.scalars(select(Incident.id))
        incident = await get_incident(session, incident_id)
        await add_note(session, incident, user, state=state, body="So it is.")

    return work


async def test_incident_is_resolved_as_its_last_note_says(app: Quart, boss: User) -> None:
    fields = {"title": "Slow", "impact": Impact.MINOR, "entity_ids": None, "body": "We look."}
    async with app.app_context():
        async with db.begin() as session:
            boss = await session.get_one(User, boss.id)
            await add_incident(session, boss, state=NoteState.INVESTIGATING, **fields)
        await do_at_once(boss, note(NoteState.RESOLVED), note(NoteState.MONITORING))
        async with db.read() as session:
            (incident_id,) = await session.scalars(select(Incident.id))
            incident = await get_incident(session, incident_id)

    assert (incident.notes[0].state, incident.resolved_at) == (NoteState.MONITORING, None)


async def remove_window(session: AsyncSession, user: User) -> None:
    (window_id,) = await session.scalars(select(Maintenance.id))
    await remove_maintenance(session, await get_maintenance(session, window_id), user)


async def test_window_that_is_gone_meanwhile_is_not_found(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            boss = await session.get_one(User, boss.id)
            start = utcnow().time().replace(microsecond=0)
            window = await add_maintenance(session, None, boss, start_time=start, **DAILY)

        async def edit(session: AsyncSession, user: User) -> None:
            found = await get_maintenance(session, window.id)
            await edit_maintenance(session, found, user, minutes=6)

        with pytest.raises(NotFoundError):
            await do_at_once(boss, remove_window, edit)


async def test_change_that_a_look_drops_meanwhile_is_not_found(
    app: Quart, boss: User, entity: Entity
) -> None:
    counts = dict.fromkeys(("added", "removed", "replaced"), 1)
    texts = {"detail": "", "difference": b"", "text": b"", "is_cut": False}
    kind = {"kind": TamperKind.CHANGED, "severity": Severity.LOW, "state": TamperState.OPEN}
    async with app.app_context():
        async with db.begin() as session:
            tamper = Tamper(entity_id=entity.id, found_at=utcnow(), **kind, **counts, **texts)
            session.add(tamper)

        async def drop(session: AsyncSession, _user: User) -> None:
            await session.execute(select(Check.id).with_for_update())  # as who reports a look
            await session.execute(delete(Tamper))

        async def settle(session: AsyncSession, user: User) -> None:
            found = await get_tamper(session, tamper.id, seen_by=user)
            await settle_tamper(session, found, user, TamperState.INCIDENT)

        with pytest.raises(NotFoundError):
            await do_at_once(boss, drop, settle)
