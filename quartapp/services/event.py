"""The time line: what happened to sites, written with what made it happen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from quartapp.models import Comment, Entity, Event, EventKind, User
from quartapp.models.event import DETAIL_LENGTH, TITLE_LENGTH, Topic, cut
from quartapp.services.delivery import add_deliveries

LOOK_BACK = 100  # ids
LATE = timedelta(seconds=30)  # longer than a transaction that writes an event may take
BESIDE = 1000  # ids: more than are given within that
CHANNEL = "quartapp_event"  # of PostgreSQL's NOTIFY: wakes who listens, with the commit


async def add_event(
    session: AsyncSession,
    entity_id: int,
    kind: EventKind,
    at: datetime,
    title: str,
    *,
    detail: str = "",
    subject_id: int | None = None,
    by: User | None = None,
) -> Event:
    """Write down what happened to a site, and have people told; what is too long is cut."""
    event = make_event(entity_id, kind, at, title, detail=detail, subject_id=subject_id, by=by)
    await add_events(session, [event])
    return event


def make_event(
    entity_id: int,
    kind: EventKind,
    at: datetime,
    title: str,
    *,
    detail: str = "",
    subject_id: int | None = None,
    by: User | None = None,
) -> Event:
    return Event(
        entity_id=entity_id,
        kind=kind,
        at=at,
        title=cut(title, TITLE_LENGTH),
        detail=cut(detail, DETAIL_LENGTH),
        subject_id=subject_id,
        author_id=by.id if by else None,
    )


async def add_events(session: AsyncSession, events: Sequence[Event]) -> None:
    """Write down what happened at once, in few statements, however much it is."""
    session.add_all(events)
    await session.flush()
    await add_deliveries(session, events)
    if events:
        await wake_listeners(session)


async def wake_listeners(session: AsyncSession) -> None:
    """Have processes that listen look for new events at the commit; others look now and then."""
    if session.get_bind().dialect.name != "postgresql":
        return
    sync = session.sync_session
    unit = sync.get_nested_transaction() or sync.get_transaction()
    if session.info.get("told_in") is not unit:  # once is enough
        session.info["told_in"] = unit
        await session.execute(select(func.pg_notify(CHANNEL, "")))


async def remove_events(session: AsyncSession, kind: EventKind, subject_id: int) -> None:
    """Forget what a subject that is gone has left on the time line."""
    about = Event.kind == kind, Event.subject_id == subject_id
    await session.execute(delete(Event).where(*about))


def select_events(
    *,
    seen_by: User | None,
    entity_id: int | None = None,
    topics: Collection[Topic] = (),
) -> Select[Event]:
    """What happened to what *seen_by* may see, the newest first; sites and authors loaded."""
    query = select(Event).join(Event.entity).order_by(Event.id.desc())
    query = query.options(contains_eager(Event.entity), joinedload(Event.author))
    if seen_by is None:
        query = query.where(Entity.is_public)
    if entity_id is not None:
        query = query.where(Event.entity_id == entity_id)
    if topics:
        query = query.where(Event.kind.in_([kind for kind in EventKind if kind.topic in topics]))
    return query


async def list_events(
    session: AsyncSession, query: Select[Event], *, before: int | None = None, limit: int = 20
) -> Sequence[Event]:
    """Return the newest of *query*, or those before an id."""
    if before is not None:
        query = query.where(Event.id < before)
    return (await session.scalars(query.limit(limit))).all()


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A part of what happened, the newest first, and what was said meanwhile."""

    events: Sequence[Event]
    said: Mapping[int | None, Comment]  # by the subject of the events that tell of comments
    older: int | None  # the id that the next part is before; None: this is the last one


async def load_time_line(
    session: AsyncSession, query: Select[Event], *, before: int | None, limit: int
) -> TimeLine:
    """Return the newest of *query*, or those before an id, with the comments between: joined."""
    found = await list_events(session, query, before=before, limit=limit + 1)
    events = found[:limit]
    older = events[-1].id if len(found) > limit else None
    return TimeLine(events, await load_comments(session, events), older)


async def load_comments(
    session: AsyncSession, events: Iterable[Event]
) -> dict[int | None, Comment]:
    said = [event.subject_id for event in events if event.kind == EventKind.COMMENT]
    if not said:
        return {}
    return {
        one.id: one for one in await session.scalars(select(Comment).where(Comment.id.in_(said)))
    }


async def list_new_events(
    session: AsyncSession, after: int, missing: Collection[int], limit: int
) -> Sequence[Event]:
    """Return what happened after an event, and those of the *missing* that are there by now."""
    query = select(Event).options(joinedload(Event.entity), joinedload(Event.author))
    is_new = or_(Event.id > after, Event.id.in_(missing))
    return (await session.scalars(query.where(is_new).order_by(Event.id).limit(limit))).all()


async def list_events_since(session: AsyncSession, known: int, limit: int) -> Sequence[Event]:
    """Return what happened after an event, and again what was under way beside it.

    Ids are given before the commit: what has a lower one may have been there only later. The event
    itself may be gone by now.
    """
    before = select(Event.id, Event.created_at).where(Event.id.between(known - BESIDE, known))
    rows = (await session.execute(before.order_by(Event.id.desc()))).all()
    again = [row.id for row in rows if row.created_at > rows[0].created_at - LATE]
    again = [event_id for event_id in again if event_id != known][:limit]
    return await list_new_events(session, known, again, limit + len(again))


async def find_missing_events(session: AsyncSession) -> tuple[int, set[int]]:
    """Return the newest event's id (0: there is none), and ids below it that may still come.

    Ids are given before the commit, so that the one of a long transaction appears after others.
    """
    last = await session.scalar(select(func.max(Event.id))) or 0
    first = max(1, last - LOOK_BACK)
    found = await session.scalars(select(Event.id).where(Event.id >= first))
    return last, set(range(first, last)) - set(found)
