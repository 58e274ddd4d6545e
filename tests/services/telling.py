"""What tests of channels share: people who want to be told, and what they are to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from quartapp.extensions import db
from quartapp.models import (
    Channel,
    Delivery,
    Entity,
    Event,
    EventKind,
    Outage,
    Role,
    User,
    utcnow,
)
from quartapp.security import make_box
from quartapp.services.channel import add_mail, add_webhook, select_deliveries
from quartapp.services.event import add_event
from tests.helpers import add_person

BOX = make_box(["key"])
HOOK = "https://hooks.example.org/quartapp"


async def add_reader(name: str = "ann", role: Role = Role.EDITOR) -> User:
    """Add somebody with a confirmed address."""
    async with db.begin() as session:
        user = await add_person(session, name, role=role)
        user.email, user.email_confirmed_at = f"{name}@example.org", utcnow()
        return user


async def add_mail_channel(user: User, **wishes: Any) -> Channel:
    async with db.begin() as session:
        return await add_mail(session, user, **wishes)


async def add_hook(user: User, url: str = HOOK, **wishes: Any) -> Channel:
    async with db.begin() as session:
        return (await add_webhook(session, user, url, BOX, **wishes))[0]


async def load_channel(channel: Channel) -> Channel:
    async with db.read() as session:
        return await session.get_one(Channel, channel.id)


async def load_deliveries(channel: Channel) -> list[Delivery]:
    """Return all of a channel, the oldest first."""
    async with db.read() as session:
        return list(await session.scalars(select_deliveries(channel)))[::-1]


async def count_deliveries() -> int:
    async with db.read() as session:
        return len((await session.scalars(select(Delivery.id))).all())


def show(rows: list[Delivery]) -> list[tuple[str, int, str]]:
    """Return kinds, numbers and states."""
    return [(row.event.kind if row.event else "test", row.number, row.state) for row in rows]


async def happen(
    entity: Entity, kind: EventKind, at: datetime | None = None, subject_id: int | None = None
) -> Event:
    async with db.begin() as session:
        at = at or utcnow()
        return await add_event(session, entity.id, kind, at, str(kind), subject_id=subject_id)


async def go_down(entity: Entity, at: datetime | None = None) -> Outage:
    async with db.begin() as session:
        outage = Outage(
            entity_id=entity.id, started_at=at or utcnow(), reason="connect", cause="It hung up."
        )
        session.add(outage)
    await happen(entity, EventKind.DOWN, at, outage.id)
    return outage


async def come_up(entity: Entity, outage: Outage, at: datetime | None = None) -> Event:
    async with db.begin() as session:
        ended = update(Outage).where(Outage.id == outage.id).values(ended_at=at or utcnow())
        await session.execute(ended)
    return await happen(entity, EventKind.UP, at, outage.id)


async def mark(**values: object) -> None:
    """Pretend that this became of all deliveries that wait."""
    async with db.begin() as session:
        await session.execute(update(Delivery).where(Delivery.sent_at.is_(None)).values(**values))


async def mark_told() -> None:
    await mark(sent_at=utcnow(), due_at=None)
