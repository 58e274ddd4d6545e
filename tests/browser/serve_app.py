"""The application with a database that is full enough to look at, and pages that fail."""

from datetime import date, timedelta
from typing import NoReturn

from sqlalchemy import select

import quartapp
from quartapp.app import QuartApp
from quartapp.database.migrations import upgrade
from quartapp.errors import ForbiddenError, UnavailableError
from quartapp.extensions import db
from quartapp.mail.links import send_invitation
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.incident import Impact, NoteState
from quartapp.models.rules import RULES, Inspection, Severity, Sighting
from quartapp.services.bug import edit_bug, record_inspections, report_bug
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity
from quartapp.services.group import add_group
from quartapp.services.incident import add_incident, add_note
from quartapp.services.invitation import add_invitation
from quartapp.services.maintenance import add_maintenance
from tests.helpers import add_person
from tests.services.history import HOUR, add_looks, add_outage
from tests.services.reading import add_tamper
from tests.services.telling import add_hook

LONG_WORD = "Donaudampfschifffahrtsgesellschaft" * 3
ADMIN = f"admin {LONG_WORD}"[:60]
FULL = f"a-{LONG_WORD.lower()}"  # the slug of a site with long texts and many comments
GROUP = f"group-{LONG_WORD.lower()}"[:60]
ERRORS = {
    403: ForbiddenError("Only the owner and administrators may change this entity."),
    503: UnavailableError("The database does not answer; try again in a moment."),
}


def create_app() -> QuartApp:
    app = quartapp.create_app()
    app.before_serving(fill)
    app.add_url_rule("/fail/<int:status>", view_func=fail)
    return app


async def fill() -> None:
    """Add 25 sites; those that are first by name have the longest texts."""
    await upgrade(db.engine)
    async with db.read() as session:
        if await session.scalar(select(User.id).limit(1)):
            return  # it was started before
    async with db.begin() as session:
        owner = await add_person(session, ADMIN, role=Role.ADMIN)
        for number in range(24):
            url = f"https://example.org/{number}"
            await add_entity(session, name=f"Site {number:02}", url=url, owner=owner)
        full = await add_entity(
            session,
            name=f"A {LONG_WORD}"[:120],
            url=f"https://example.org/{LONG_WORD}?{'a' * 500}",
            content=f"First line.\n\n{LONG_WORD * 3}",
            owner=owner,
            is_public=True,
        )
        for number in range(24):
            await add_comment(session, full, f"{number}\n{LONG_WORD * 2}", owner)
        title, body = LONG_WORD[:200], f"{LONG_WORD * 2}\n" * 3
        given = {"title": title, "severity": Severity.CRITICAL, "body": body}
        bug = await report_bug(session, full, owner, **given)
        await edit_bug(session, bug, owner, assignee=owner, due_on=date(2026, 1, 31))
        sightings = [Sighting(rule, f"/{LONG_WORD}"[:60], LONG_WORD) for rule in RULES]
        seen = Inspection(sightings, dict.fromkeys(RULES, 200), set(RULES))
        for _ in range(2):
            await record_inspections(session, {full.id: seen}, utcnow())
        recipient = f"{LONG_WORD[:60]}@example.org"
        _, link = await add_invitation(session, recipient, Role.EDITOR, owner)
        await send_invitation(session, link, "secret", owner)
    await announce(full, owner)
    await add_hook(owner)
    await add_tamper(full)
    now = utcnow()
    await add_looks(full.id, [now - number * HOUR for number in range(1, 9)], total=0.25)
    await add_looks(full.id, [now - timedelta(seconds=1)], total=0.5)
    await add_outage(full.id, now - 3 * HOUR, now - 2 * HOUR)


async def announce(site: Entity, by: User) -> None:
    """Tell strangers of a group, an incident and a window of maintenance."""
    long = {"title": f"{LONG_WORD * 2}"[:120]}
    starts_at = utcnow() + HOUR
    times = {"starts_at": starts_at, "ends_at": starts_at + HOUR, "timezone": "UTC"}
    group = {"name": f"Group {LONG_WORD}"[:60], "description": LONG_WORD * 3, "is_public": True}
    note = {"state": NoteState.INVESTIGATING, "body": LONG_WORD * 3, "impact": Impact.MAJOR}
    async with db.begin() as session:
        await add_group(session, by, entity_ids=[site.id], **group)
        incident = await add_incident(session, by, entity_ids=[site.id], **note, **long)
        await add_note(session, incident, by, state=NoteState.MONITORING, body="It is back.")
        await add_maintenance(session, None, by, **long, **times)


async def fail(status: int) -> NoReturn:
    raise ERRORS.get(status) or RuntimeError("A mistake of ours.")
