"""The audit log: services write what they do, in the transaction that does it."""

from datetime import UTC, date, datetime, time

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Action, AuditEvent, Entity, Link, User
from quartapp.models.audit import DETAIL_LENGTH, name_subject
from quartapp.models.session import ADDRESS_LENGTH


async def record_event(
    session: AsyncSession,
    action: Action,
    *,
    by: User | None,
    on: User | Entity | Link | None = None,
    detail: str = "",
    address: str = "",
) -> None:
    """Write down that *by* did this to *on*; without *by* it was a stranger, or a command.

    The address is that of the request which this session serves, unless it is given.
    """
    address = address or session.info.get("address") or ""
    subject = on and {
        "subject_kind": on.__tablename__,
        "subject_id": on.id,
        "subject_name": name_subject(on),
    }
    event = AuditEvent(
        action=action,
        by_id=by.id if by else None,
        by_name=by.name if by else "",
        address=address[:ADDRESS_LENGTH],
        detail=detail[:DETAIL_LENGTH],
        **subject or {},
    )
    session.add(event)
    await session.flush()


def select_events(
    action: Action | None = None,
    person: str = "",
    *,
    first: date | None = None,
    last: date | None = None,
) -> Select[AuditEvent]:
    """What was done, the newest first; *person* is a part of the name of who did or bore it.

    *first* and *last* are days (UTC), both of them included.
    """
    query = select(AuditEvent).order_by(AuditEvent.id.desc())
    if action:
        query = query.where(AuditEvent.action == action)
    if first:
        query = query.where(AuditEvent.created_at >= datetime.combine(first, time.min, UTC))
    if last:
        query = query.where(AuditEvent.created_at <= datetime.combine(last, time.max, UTC))
    if not person:
        return query
    borne = AuditEvent.subject_name.icontains(person, autoescape=True)
    is_person = AuditEvent.subject_kind.in_([User.__tablename__, Link.__tablename__])
    did = AuditEvent.by_name.icontains(person, autoescape=True)
    return query.where(or_(did, and_(borne, is_person)))
