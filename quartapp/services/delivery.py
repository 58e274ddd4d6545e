"""Who is to be told of an event: added with it, and dropped with what nobody was told of."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from quartapp.models import Channel, ChannelKind, Delivery, Event, EventKind, User, utcnow
from quartapp.models.base import Id, UtcDateTime
from quartapp.models.channel import FLAP_TIME, FLAP_TURNS, GATHER_TIME, TOLD, TURNS
from quartapp.models.rights import EDITORS
from quartapp.services.batch import pad

WAITS = and_(Delivery.due_at.is_not(None), Delivery.claimed_by.is_(None))


async def add_deliveries(session: AsyncSession, events: Iterable[Event]) -> None:
    """Have all told who want to know of *events*, once this transaction is committed.

    Those that are no turns cost one statement for each kind of them.
    """
    alike: dict[EventKind, list[Event]] = {}
    for event in events:
        if event.kind in TURNS:
            await add_turn(session, event)
        elif event.kind in TOLD:
            alike.setdefault(EventKind(event.kind), []).append(event)
    for kind, some in alike.items():
        await insert_deliveries(session, kind, some, utcnow())


async def add_turn(session: AsyncSession, event: Event) -> None:
    """Have people told that a site went down or came back; of the latter, who knows of the former.

    While it turns again and again, it is held for a digest.
    """
    conditions = [not_(has_digest(event))]
    if event.kind == EventKind.UP:
        down = await find_down(session, event)
        if down is None:
            return
        await drop_untold(session, down)
        conditions.append(was_told(Channel.id, down))
    await extend_digests(session, event)
    end = await find_digest_end(session, event)
    until_id = event.id if end else None
    await insert_deliveries(
        session, event.kind, [event], end or utcnow(), *conditions, until_id=until_id
    )


async def insert_deliveries(
    session: AsyncSession,
    kind: EventKind,
    events: Iterable[Event],
    due_at: datetime,
    *conditions: ColumnElement[bool],
    until_id: int | None = None,
) -> None:
    """Add one for each channel that is for one of *events*, whose owner may still be told.

    That is one statement. Whoever may come in may see every site.
    """
    now, moment = literal(utcnow(), UtcDateTime()), find_moment(kind, due_at)
    values = {
        "channel_id": Channel.id,
        "event_id": Event.id,
        "until_id": literal(until_id, Id),
        "number": literal(0, Integer()),
        "planned_at": moment,
        "due_at": moment,
        "attempts": literal(0, Integer()),
        "last_error": literal("", String()),
        "created_at": now,
        "updated_at": now,
    }
    channels = select(*values.values()).select_from(Channel)
    channels = channels.join(User, User.id == Channel.user_id)
    channels = channels.join(Event, Event.id.in_(pad(event.id for event in events)))
    channels = channels.where(
        Channel.is_on,
        Channel.topics.contains(EventKind(kind).topic),
        or_(Channel.entity_id.is_(None), Channel.entity_id == Event.entity_id),
        User.disabled_at.is_(None),
        or_(Channel.kind == ChannelKind.MAIL, User.role.in_(EDITORS)),
        *conditions,
    )
    await session.execute(insert(Delivery).from_select(list(values), channels))


def find_moment(kind: EventKind, due_at: datetime) -> ColumnElement[datetime]:
    """Return when a channel is to tell: mail waits for what happens next, but never of turns."""
    moment = literal(due_at, UtcDateTime())
    if kind in TURNS:
        return moment
    later = literal(due_at + GATHER_TIME, UtcDateTime())
    return case((Channel.kind == ChannelKind.MAIL, later), else_=moment)


# --- the end of an outage


async def find_down(session: AsyncSession, up: Event) -> Event | None:
    """Return the event by which the outage began that *up* ends."""
    same = Event.subject_id == up.subject_id, Event.entity_id == up.entity_id
    query = select(Event).where(Event.kind == EventKind.DOWN, *same)
    return await session.scalar(query.order_by(Event.id.desc()).limit(1))


async def drop_untold(session: AsyncSession, down: Event) -> None:
    """Tell nobody of an outage that is over, nor remind them."""
    untold = Delivery.event_id == down.id, Delivery.until_id.is_(None), WAITS
    await session.execute(
        delete(Delivery).where(*untold).execution_options(synchronize_session=False)
    )


def was_told(
    channel_id: InstrumentedAttribute[int] | int, down: Event, *, surely: bool = False
) -> ColumnElement[bool]:
    """Whether a channel was told of *down*, by itself or in a digest, or is just being told."""
    first = aliased(Event)
    is_sent = Delivery.sent_at.is_not(None)
    return exists().where(
        Delivery.channel_id == channel_id,
        is_sent if surely else or_(is_sent, Delivery.claimed_by.is_not(None)),
        Delivery.event_id == first.id,
        first.entity_id == down.entity_id,
        first.id <= down.id,
        func.coalesce(Delivery.until_id, Delivery.event_id) >= down.id,
    )


# --- sites that turn again and again


def has_digest(event: Event) -> ColumnElement[bool]:
    """Whether a channel has a digest of this site that waits, and so tells of *event*, too."""
    first = aliased(Event)
    return exists().where(
        Delivery.channel_id == Channel.id,
        Delivery.until_id.is_not(None),
        WAITS,
        Delivery.event_id == first.id,
        first.entity_id == event.entity_id,
    )


async def extend_digests(session: AsyncSession, event: Event) -> None:
    own = select(Event.id).where(Event.entity_id == event.entity_id)
    digests = Delivery.until_id.is_not(None), WAITS, Delivery.event_id.in_(own)
    await session.execute(
        update(Delivery)
        .where(*digests)
        .values(until_id=event.id)
        .execution_options(synchronize_session=False)
    )


async def find_digest_end(session: AsyncSession, event: Event) -> datetime | None:
    """Return when to tell of *event* among others; None: it does not turn too often.

    That is an hour after the first of these turns, and after each digest an hour later.
    """
    lately = (
        Event.entity_id == event.entity_id,
        Event.kind.in_(TURNS),
        Event.at > event.at - FLAP_TIME,
    )
    counted = select(func.count(), func.min(Event.at)).where(*lately)
    count, first = (await session.execute(counted)).one()
    if count <= FLAP_TURNS:
        return None
    digests = select(Delivery.id).join(Event, Event.id == Delivery.event_id)
    is_next = await session.scalar(digests.where(*lately, Delivery.until_id.is_not(None)).limit(1))
    return (event.at if is_next else first) + FLAP_TIME
