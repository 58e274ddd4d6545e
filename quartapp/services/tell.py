"""What is to be told now: claimed by one teller, weeded, and its end recorded."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from quartapp.models import Channel, ChannelKind, Check, Delivery, Event, EventKind, Outage
from quartapp.models.channel import FLAP_TIME, GATHER_TIME, MIN_REMINDER, TURNS
from quartapp.models.outbox import CLAIM_LENGTH, ERROR_LENGTH
from quartapp.models.rights import may_see_entity, may_use_channel
from quartapp.models.share import Busy
from quartapp.models.usability import HELD, write_length
from quartapp.services.channel import make_reminder
from quartapp.services.delivery import find_down, was_told
from quartapp.texts import Count, Text

COMPANY = 500  # deliveries that join others in one transaction
MEANWHILE = timedelta(seconds=5)  # for which an end waits while its beginning is being told
REST_TIME = timedelta(minutes=MIN_REMINDER)  # between two looks at whether a site still rests


@dataclass(frozen=True, slots=True)
class Notice:
    """What one delivery says; *event* is the last one of a digest, and a test has none."""

    delivery_id: int
    number: int
    at: datetime
    title: str
    event: Event | None = None
    digest: Sequence[Event] = ()


class Fate(Enum):
    TELL = auto()
    WAIT = auto()
    REST = auto()  # until the site is asked for again
    DROP = auto()


# --- claims


async def has_due_deliveries(session: AsyncSession, now: datetime) -> bool:
    due = select(Delivery.id).where(Delivery.due_at <= now).limit(1)
    return await session.scalar(due) is not None


async def lock_deliveries(
    session: AsyncSession,
    kind: ChannelKind,
    *,
    now: datetime,
    limit: int,
    busy: Busy | None = None,
) -> list[Delivery]:
    """Return what is worth telling now, locked until the commit; the rest is dropped or put off.

    What was tried least comes first: what fails again and again holds up no other.
    """
    busy = busy or Busy()
    rows = await find_due(session, kind, now, 2 * limit, busy)
    found: list[Delivery] = []
    for row in rows:
        if len(found) < limit and busy.has_room(row.channel):
            fate = await judge(session, row)
            if fate is Fate.DROP:
                await session.delete(row)
            elif fate is Fate.WAIT:
                row.due_at = now + MEANWHILE
            elif fate is Fate.REST:
                row.planned_at = row.due_at = now + REST_TIME
            else:
                busy.add(row.channel)
                found.append(row)
    await session.flush()
    return sorted(found, key=lambda row: row.channel_id)  # two tellers lock channels in one order


async def find_due(
    session: AsyncSession, kind: ChannelKind, now: datetime, limit: int, busy: Busy
) -> list[Delivery]:
    channels = select(Channel.id).where(Channel.kind == kind)
    if hosts := busy.full_hosts:
        channels = channels.where(Channel.host.not_in(hosts))
    if people := busy.full_people:
        channels = channels.where(Channel.user_id.not_in(people))
    order = Delivery.attempts, Delivery.due_at, Delivery.id
    due = select(Delivery).where(Delivery.due_at <= now, Delivery.channel_id.in_(channels))
    return await lock_rows(session, due.order_by(*order).limit(limit))


async def lock_rows(session: AsyncSession, query: Select[Delivery]) -> list[Delivery]:
    """Return and lock deliveries; the rest is loaded, not locked."""
    loaded = (
        selectinload(Delivery.channel).joinedload(Channel.user),
        selectinload(Delivery.event).joinedload(Event.entity),
        selectinload(Delivery.event).joinedload(Event.author),
    )
    locked = query.with_for_update(skip_locked=True).options(*loaded)
    return list(await session.scalars(locked))


async def lock_letters(session: AsyncSession, now: datetime, limit: int) -> list[list[Delivery]]:
    """Return what is worth telling by mail now, letter by letter, locked until the commit.

    What may share a letter takes along what its channel has yet to tell; the rest goes alone.
    """
    due = await lock_deliveries(session, ChannelKind.MAIL, now=now, limit=limit)
    first = [row for row in due if row.may_share]
    together: defaultdict[int, list[Delivery]] = defaultdict(list)
    for row in sorted([*first, *await find_company(session, first, now)], key=lambda row: row.id):
        together[row.channel_id].append(row)
    letters = [*together.values(), *[[row] for row in due if not row.may_share]]
    return sorted(letters, key=lambda rows: rows[0].channel_id)


async def find_company(
    session: AsyncSession, rows: Collection[Delivery], now: datetime
) -> list[Delivery]:
    """Return and lock what the channels of *rows* are to tell within the time that mail waits."""
    if not rows:
        return []
    query = select(Delivery).where(
        Delivery.channel_id.in_({row.channel_id for row in rows}),
        Delivery.id.not_in([row.id for row in rows]),
        Delivery.due_at <= now + GATHER_TIME,
    )
    found = await lock_rows(session, query.order_by(Delivery.id).limit(COMPANY))
    mates = [row for row in found if row.may_share]
    return [row for row in mates if await judge(session, row) is Fate.TELL]


def claim(row: Delivery, until: datetime) -> str:
    """Let a locked delivery be the caller's alone until then; return what proves it."""
    row.claimed_by = secrets.token_hex(CLAIM_LENGTH // 2)
    row.due_at = until
    row.attempts += 1
    return row.claimed_by


async def release_deliveries(session: AsyncSession, claims: Collection[str], now: datetime) -> None:
    """Give back what was claimed and may not have been told."""
    await session.execute(
        update(Delivery)
        .where(Delivery.claimed_by.in_(claims))
        .values(due_at=now, claimed_by=None)
        .execution_options(synchronize_session=False)
    )


# --- what is worth telling


async def judge(session: AsyncSession, row: Delivery) -> Fate:
    event = row.event
    if not may_be_told(row.channel, event):
        return Fate.DROP
    if event is None or row.until_id is not None:
        return Fate.TELL
    if event.kind == EventKind.UP:
        return await judge_end(session, row, event)
    if event.kind == EventKind.DOWN and await is_over(session, event):
        return Fate.TELL if is_unsure(row) else Fate.DROP
    return Fate.REST if row.number and await is_held(session, event) else Fate.TELL


def may_be_told(channel: Channel, event: Event | None) -> bool:
    """Without an *event* it is a test."""
    user = channel.user
    is_open = channel.is_on and user.is_active and may_use_channel(user, channel)
    return is_open and (event is None or may_see_entity(user, event.entity))


async def judge_end(session: AsyncSession, row: Delivery, up: Event) -> Fate:
    """Tell of an end who knows of the beginning."""
    down = await find_down(session, up)
    if down is None:
        return Fate.DROP
    if await session.scalar(select(was_told(row.channel_id, down, surely=True))):
        return Fate.TELL
    return Fate.WAIT if await session.scalar(select(was_told(row.channel_id, down))) else Fate.DROP


async def is_over(session: AsyncSession, down: Event) -> bool:
    query = select(Outage.id).where(Outage.id == down.subject_id, Outage.ended_at.is_(None))
    return await session.scalar(query) is None


async def is_held(session: AsyncSession, event: Event) -> bool:
    """Tell whether its site is paused, or in maintenance."""
    query = select(Check.id).where(Check.entity_id == event.entity_id, Check.state.in_(HELD))
    return await session.scalar(query) is not None


def is_unsure(row: Delivery) -> bool:
    """Tell whether somebody may have been told by a teller that died before it could say so."""
    return row.attempts > 0 and not row.last_error


# --- what is said


async def make_notice(session: AsyncSession, row: Delivery, now: datetime) -> Notice:
    event = row.event
    if event is None:
        return Notice(row.id, 0, now, Text("This is a test"))
    if row.until_id is not None:
        turns = await list_turns(session, event, row.until_id)
        return Notice(row.id, row.number, now, describe_turns(turns), turns[-1], turns)
    title = event.title
    if row.number:
        title = Text("It is still down, for %(length)s", length=write_length(now - event.at))
    return Notice(row.id, row.number, event.at, title, event)


async def list_turns(session: AsyncSession, first: Event, until_id: int) -> Sequence[Event]:
    turns = select(Event).where(Event.entity_id == first.entity_id, Event.kind.in_(TURNS))
    turns = turns.where(Event.id >= first.id, Event.id <= until_id).order_by(Event.id)
    loaded = joinedload(Event.entity), joinedload(Event.author)
    return (await session.scalars(turns.options(*loaded))).all()


def describe_turns(turns: Sequence[Event]) -> str:
    length = write_length(FLAP_TIME)
    if turns[-1].kind == EventKind.DOWN:
        return Count(
            "It went down or came back once within %(length)s, and is down now",
            "It went down or came back %(num)d times within %(length)s, and is down now",
            len(turns),
            length=length,
        )
    return Count(
        "It went down or came back once within %(length)s, and is up now",
        "It went down or came back %(num)d times within %(length)s, and is up now",
        len(turns),
        length=length,
    )


# --- what became of it


async def find_claimed(session: AsyncSession, delivery_id: int, claimed_by: str) -> Delivery | None:
    """Return and lock a delivery; None: the claim ran out, and another one has it."""
    query = select(Delivery).where(Delivery.id == delivery_id, Delivery.claimed_by == claimed_by)
    loaded = selectinload(Delivery.channel), selectinload(Delivery.event)
    return await session.scalar(query.options(*loaded).with_for_update())


async def record_told(session: AsyncSession, row: Delivery, now: datetime) -> None:
    """Write that a locked delivery was told, and plan the reminder that follows."""
    row.sent_at, row.due_at, row.claimed_by, row.last_error = now, None, None, ""
    row.channel.last_sent_at = now
    row.channel.last_error_at, row.channel.last_error = None, ""
    await session.flush()
    last = await session.get(Event, row.until_id) if row.until_id else row.event
    if last is None or last.kind != EventKind.DOWN or not row.channel.remind_every:
        return
    if not await is_over(session, last):
        session.add(make_reminder(row, row.channel, last.id))
        await session.flush()


async def record_untold(
    session: AsyncSession, row: Delivery, now: datetime, error: str, *, final: bool = False
) -> None:
    """Have a locked delivery told later; no more when that is *final*, a test, or too old."""
    next_try = None if final or row.event_id is None else row.find_next_try(now)
    row.due_at, row.claimed_by, row.last_error = next_try, None, error[:ERROR_LENGTH]
    if next_try is None:
        row.failed_at = now
    row.channel.last_error_at, row.channel.last_error = now, error[:ERROR_LENGTH]
    await session.flush()
