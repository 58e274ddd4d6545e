"""Channels: people's own ways to be told what happens."""

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.models import (
    Action,
    Channel,
    ChannelKind,
    Delivery,
    Entity,
    Event,
    EventKind,
    Outage,
    User,
    utcnow,
)
from quartapp.models.channel import MAX_CHANNELS, SECRET_PREFIX, TOPICS
from quartapp.models.rights import may_have_webhook, may_use_channel
from quartapp.models.text import is_address
from quartapp.security import make_token
from quartapp.services.audit import record_event
from quartapp.texts import Text

NO_ADDRESS = Text(
    "Mail goes to your confirmed e-mail address, and you have none: confirm one first."
)
NO_WEBHOOK = Text("Viewers are told by mail; ask an administrator to be an editor.")

logger = logging.getLogger(__name__)


def find_recipient(user: User) -> str | None:
    """Return the address that *user* has confirmed, the only one that a channel sends mail to."""
    is_confirmed = user.email_confirmed_at is not None
    return user.email if is_confirmed and user.email and is_address(user.email) else None


def select_channels(user: User) -> Select[Channel]:
    """The channels of *user*, the newest first; their sites loaded."""
    query = select(Channel).options(joinedload(Channel.entity)).order_by(Channel.id.desc())
    return query.where(Channel.user_id == user.id)


async def get_channel(session: AsyncSession, channel_id: int, *, seen_by: User) -> Channel:
    """Return one, its site loaded; NotFoundError for those of others, whoever asks."""
    channel = await session.scalar(select_channels(seen_by).where(Channel.id == channel_id))
    if channel is None:
        raise NotFoundError(Text("There is no channel %(channel_id)s.", channel_id=channel_id))
    return channel


def select_deliveries(channel: Channel) -> Select[Delivery]:
    """What a channel has told and is to tell, the newest first; events loaded."""
    query = select(Delivery).options(joinedload(Delivery.event)).order_by(Delivery.id.desc())
    return query.where(Delivery.channel_id == channel.id)


async def add_mail(session: AsyncSession, user: User, **wishes: Any) -> Channel:
    """Have *user* told by mail; *wishes* are entity, topics and remind_every."""
    if find_recipient(user) is None:
        raise ConflictError(NO_ADDRESS)
    return await add_channel(session, user, ChannelKind.MAIL, **wishes)


async def add_webhook(
    session: AsyncSession, user: User, url: str, box: MultiFernet, **wishes: Any
) -> tuple[Channel, str]:
    """Have *user* told by requests; return also the secret that signs them, shown this once."""
    if not may_have_webhook(user):
        raise ForbiddenError(NO_WEBHOOK)
    secret, sealed = make_secret(box)
    wishes |= {"url": url, "host": find_host(url), "sealed_secret": sealed}
    return await add_channel(session, user, ChannelKind.WEBHOOK, **wishes), secret


def make_secret(box: MultiFernet) -> tuple[str, str]:
    """Return a new one, plain and sealed."""
    secret = SECRET_PREFIX + make_token()
    return secret, box.encrypt(secret.encode()).decode()


async def add_channel(
    session: AsyncSession,
    user: User,
    kind: ChannelKind,
    *,
    entity: Entity | None = None,
    topics: Any = TOPICS,
    **given: Any,
) -> Channel:
    await refuse_too_many(session, user)
    channel = Channel(user_id=user.id, entity=entity, kind=kind, topics=",".join(topics), **given)
    session.add(channel)
    await session.flush()
    detail = describe(channel)
    await record_event(session, Action.CHANNEL_ADDED, by=user, on=user, detail=detail)
    return channel


async def refuse_too_many(session: AsyncSession, user: User) -> None:
    await session.execute(select(User.id).where(User.id == user.id).with_for_update())
    own = select(func.count(Channel.id)).where(Channel.user_id == user.id)
    if (await session.scalar(own) or 0) >= MAX_CHANNELS:
        raise ConflictError(
            Text(
                "You have %(max_channels)s channels, and nobody may have more.",
                max_channels=MAX_CHANNELS,
            )
        )


async def edit_channel(
    session: AsyncSession, channel: Channel, by: User, **changes: Any
) -> Channel:
    """Change what is named in *changes*: entity, topics, remind_every, is_on; url of a webhook."""
    refuse_webhook_of_viewer(channel, by)
    if "url" in changes:
        if channel.kind != ChannelKind.WEBHOOK:
            raise InvalidError.of_field("url", Text("Mail goes to your own address."))
        changes["host"] = find_host(changes["url"])
    if "topics" in changes:
        changes["topics"] = ",".join(changes["topics"])
    has_new_pace = changes.get("remind_every", channel.remind_every) != channel.remind_every
    for field, value in changes.items():
        setattr(channel, field, value)
    await session.flush()
    if has_new_pace:
        await plan_reminders(session, channel)
    return channel


async def change_secret(session: AsyncSession, channel: Channel, by: User, box: MultiFernet) -> str:
    """Have a new secret sign what a webhook gets, and the old one no more; shown this once."""
    refuse_webhook_of_viewer(channel, by)
    if channel.kind != ChannelKind.WEBHOOK:
        raise ConflictError(Text("Mail has no secret."))
    secret, channel.sealed_secret = make_secret(box)
    await session.flush()
    detail = describe(channel)
    await record_event(session, Action.CHANNEL_SECRET_CHANGED, by=by, on=by, detail=detail)
    return secret


async def remove_channel(session: AsyncSession, channel: Channel, by: User) -> None:
    detail = describe(channel)
    await session.execute(delete(Channel).where(Channel.id == channel.id))
    await record_event(session, Action.CHANNEL_REMOVED, by=by, on=by, detail=detail)


def refuse_webhook_of_viewer(channel: Channel, by: User) -> None:
    """Let nobody go on with a webhook who could not make one any more."""
    if not may_use_channel(by, channel):
        raise ForbiddenError(NO_WEBHOOK)


async def add_test(session: AsyncSession, channel: Channel, by: User) -> Delivery:
    """Have something sent at once that tells of nothing; ConflictError while one is on its way."""
    refuse_webhook_of_viewer(channel, by)
    if not channel.is_on:
        raise ConflictError(Text("This channel is turned off; turn it on first."))
    tests = Delivery.channel_id == channel.id, Delivery.event_id.is_(None)
    if await session.scalar(select(Delivery.id).where(*tests, Delivery.due_at.is_not(None))):
        raise ConflictError(Text("A test is on its way."))
    now = utcnow()
    test = Delivery(channel_id=channel.id, planned_at=now, due_at=now)
    session.add(test)
    await session.flush()
    return test


def find_host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def describe(channel: Channel) -> str:
    """Return what the audit log has of a channel; the rest of an address may be a secret."""
    return f"{channel.kind} {channel.host}".strip()


def open_secret(box: MultiFernet, channel: Channel) -> str | None:
    """Return what signs for a channel; None: its key is lost."""
    try:
        return box.decrypt(channel.sealed_secret.encode()).decode()
    except InvalidToken:
        logger.error("SECRET_KEY and its fallbacks do not open channel %d's secret.", channel.id)
        return None


# --- reminders


async def plan_reminders(session: AsyncSession, channel: Channel) -> None:
    """Let those of outages that last follow a new pace."""
    waiting = Delivery.due_at.is_not(None), Delivery.claimed_by.is_(None), Delivery.number > 0
    await session.execute(delete(Delivery).where(Delivery.channel_id == channel.id, *waiting))
    lasting = (
        select(Delivery)
        .join(Event, Event.id == Delivery.event_id)
        .join(Outage, Outage.id == Event.subject_id)
        .where(Delivery.channel_id == channel.id, Delivery.until_id.is_(None))
        .where(Event.kind == EventKind.DOWN, Outage.ended_at.is_(None))
        .order_by(Delivery.number)
    )
    latest = {row.event_id: row for row in await session.scalars(lasting)}
    for row in latest.values():
        if row.sent_at and channel.remind_every:
            session.add(make_reminder(row, channel, row.event_id or 0))
    await session.flush()


def make_reminder(told: Delivery, channel: Channel, event_id: int) -> Delivery:
    """Return the one that follows what was told."""
    pause = timedelta(minutes=channel.remind_every)
    due_at = max((told.sent_at or utcnow()) + pause, utcnow())
    return Delivery(
        channel_id=channel.id,
        event_id=event_id,
        number=told.number + 1,
        planned_at=due_at,
        due_at=due_at,
    )
