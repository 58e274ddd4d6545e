"""What may be asked for: made for whom it is to belong to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import (
    Bug,
    Channel,
    ChannelKind,
    Comment,
    Entity,
    Incident,
    IncidentNote,
    Link,
    Maintenance,
    Passkey,
    Purpose,
    Role,
    SiteGroup,
    User,
    UserSession,
    utcnow,
)
from quartapp.models.difference import Severity as TamperSeverity
from quartapp.models.incident import Impact, NoteState
from quartapp.models.packed import pack
from quartapp.models.reading import Alert
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.tamper import TamperKind
from quartapp.security import hash_token
from quartapp.services.link import add_link
from quartapp.services.outbox import add_message
from quartapp.services.page_watch import add_tamper
from quartapp.services.session import open_session
from quartapp.services.token import add_token


class Numbers:
    """Counts what is made; worlds that have to be alike go on from where each of them is."""

    last = 0

    def __next__(self) -> int:
        self.last += 1
        return self.last


numbers = Numbers()

Values = dict[str, Any]
Maker = Callable[[AsyncSession, User, bool, Values], Awaitable[Any]]


async def make_entity(session: AsyncSession, owner: User, is_public: bool) -> Entity:
    name = f"thing-{next(numbers)}"
    entity = Entity(name=name, slug=name, url="http://a.test/", is_public=is_public, owner=owner)
    session.add(entity)
    await session.flush()
    return entity


async def make_slug(session: AsyncSession, owner: User, is_public: bool, _: Values) -> str:
    return (await make_entity(session, owner, is_public)).slug


async def make_entity_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    return (await make_entity(session, owner, is_public)).id


async def make_comment_id(session: AsyncSession, owner: User, _: bool, values: Values) -> int:
    named = select(Entity.id).where(Entity.slug == values.get("slug"))
    entity_id = values.get("entity_id") or await session.scalar(named)
    comment = Comment(entity_id=entity_id, body="Down.", author=owner)
    session.add(comment)
    await session.flush()
    return comment.id


@asynccontextmanager
async def enabled(session: AsyncSession, owner: User) -> AsyncIterator[None]:
    """Let a person who is disabled now have done it before."""
    own = update(User).where(User.id == owner.id)
    since = await session.scalar(select(User.disabled_at).where(User.id == owner.id))
    await session.execute(own.values(disabled_at=None))
    yield
    await session.execute(own.values(disabled_at=since))


async def make_session_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    async with enabled(session, owner):
        secret = (await open_session(session, owner)).token
    query = select(UserSession.id).where(UserSession.token_hash == hash_token(secret))
    return (await session.scalars(query)).one()


async def make_token_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    async with enabled(session, owner):
        return (await add_token(session, owner, "thing"))[1].id


async def make_user_id(_: AsyncSession, owner: User, __: bool, ___: Values) -> int:
    return owner.id


async def make_invitation_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    email = f"guest{next(numbers)}@example.org"
    token = await add_link(session, Purpose.INVITE, email=email, role=Role.VIEWER)
    query = select(Link.id).where(Link.token_hash == hash_token(token))
    return (await session.scalars(query)).one()


async def make_message_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    given = {"recipient": "a@example.org", "subject": "Hello", "text": "Hello", "html": "Hello"}
    return (await add_message(session, **given, host="localhost")).id


async def make_passkey_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    key = f"key{next(numbers)}"
    row = Passkey(
        user_id=owner.id,
        name=key,
        credential_id=key,
        public_key=b"x",
        sign_count=0,
        transports="",
    )
    session.add(row)
    await session.flush()
    return row.id


async def make_bug_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    entity = await make_entity(session, owner, is_public)
    bug = Bug(entity=entity, title="thing", severity=Severity.LOW, state=FindingState.OPEN)
    bug.opened_at, bug.reporter, bug.assignee = utcnow(), owner, None
    session.add(bug)
    await session.flush()
    return bug.id


async def make_maintenance_id(
    session: AsyncSession, owner: User, is_public: bool, _: Values
) -> int:
    entity = await make_entity(session, owner, is_public)
    window = Maintenance(entity=entity, title="thing", timezone="UTC", starts_at=utcnow())
    window.ends_at = utcnow() + timedelta(hours=1)
    session.add(window)
    await session.flush()
    return window.id


async def make_group(session: AsyncSession, owner: User, is_public: bool) -> SiteGroup:
    name = f"thing-{next(numbers)}"
    group = SiteGroup(name=name, slug=name, is_public=is_public)
    group.entities = [await make_entity(session, owner, is_public)]
    session.add(group)
    await session.flush()
    return group


async def make_group_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    return (await make_group(session, owner, is_public)).id


async def make_group_slug(session: AsyncSession, owner: User, is_public: bool, _: Values) -> str:
    return (await make_group(session, owner, is_public)).slug


async def make_incident_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    incident = Incident(title="thing", impact=Impact.MINOR, started_at=utcnow())
    incident.entities = [await make_entity(session, owner, is_public)]
    incident.notes = [IncidentNote(author=owner, state=NoteState.IDENTIFIED, body="Down.")]
    session.add(incident)
    await session.flush()
    return incident.id


async def make_tamper_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    entity = await make_entity(session, owner, is_public)
    nothing = {"difference": pack([]), "text": pack("")}
    found = Alert(TamperKind.CHANGED, TamperSeverity.LOW, "", 0, 0, 0, False, **nothing)
    return (await add_tamper(session, entity.id, found, utcnow())).id


async def make_channel_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    channel = Channel(user_id=owner.id, kind=ChannelKind.WEBHOOK, topics="bug")
    session.add(channel)
    await session.flush()
    return channel.id


# By the name of an argument; what others stand on comes first.
MAKERS: dict[str, Maker] = {
    "slug": make_slug,
    "entity_id": make_entity_id,
    "bug_id": make_bug_id,
    "group_id": make_group_id,
    "group_slug": make_group_slug,
    "incident_id": make_incident_id,
    "maintenance_id": make_maintenance_id,
    "tamper_id": make_tamper_id,
    "comment_id": make_comment_id,
    "session_id": make_session_id,
    "token_id": make_token_id,
    "user_id": make_user_id,
    "link_id": make_invitation_id,
    "invitation_id": make_invitation_id,
    "message_id": make_message_id,
    "passkey_id": make_passkey_id,
    "channel_id": make_channel_id,
}
PUBLISHED = {"slug", "entity_id", "group_slug"}  # what its owner may make public
