"""What the tests read of the audit log and the outbox."""

from typing import NamedTuple

from quartapp.extensions import db
from quartapp.models import AuditEvent
from quartapp.services.audit import select_events
from quartapp.services.outbox import select_outbox


class Event(NamedTuple):
    """Who did what to whom."""

    by: str
    action: str
    subject: str
    detail: str = ""
    address: str = ""


def to_event(row: AuditEvent) -> Event:
    return Event(row.by_name, row.action, row.subject_name, row.detail, row.address)


async def list_events() -> list[Event]:
    """Return all that was recorded, but how the people of a test came to be; the oldest first."""
    async with db.read() as session:
        rows = list(await session.scalars(select_events()))
    return [to_event(row) for row in reversed(rows) if row.action != "user-created"]


async def list_mails() -> list[tuple[str, str]]:
    """Return recipients and subjects of all that was to be sent; the oldest first."""
    async with db.read() as session:
        rows = list(await session.scalars(select_outbox()))
    return [(row.recipient, row.subject) for row in reversed(rows)]
