"""People, what is theirs, and by what they are known."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from quart import Quart
from quart.testing import QuartClient
from quart_auth import generate_auth_token
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.extensions import db
from quartapp.models import (
    Bug,
    Channel,
    ChannelKind,
    Comment,
    Entity,
    Link,
    Maintenance,
    Passkey,
    Purpose,
    Role,
    Scope,
    User,
    UserSession,
    utcnow,
)
from quartapp.models.difference import Severity as TamperSeverity
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
from tests.helpers import PASSWORD, add_person, read_token

SOMEBODY = "somebody"  # owns what is foreign, and never asks
PEOPLE = {  # their role, and the scope of their token if they have one
    "anonymous": (Role.EDITOR, None),
    "viewer": (Role.VIEWER, None),
    "owner": (Role.EDITOR, None),
    "other": (Role.EDITOR, None),
    "admin": (Role.ADMIN, None),
    "disabled": (Role.EDITOR, None),
    "stale": (Role.EDITOR, None),
    "read": (Role.EDITOR, Scope.READ),
    "write": (Role.EDITOR, Scope.WRITE),
    "full": (Role.ADMIN, Scope.ADMIN),
    "admin-read": (Role.ADMIN, Scope.READ),
    "admin-write": (Role.ADMIN, Scope.WRITE),
    "admin-stale": (Role.ADMIN, None),
    "revoked": (Role.EDITOR, Scope.WRITE),
    SOMEBODY: (Role.EDITOR, None),
}
ASKERS = [name for name in PEOPLE if name != SOMEBODY]
NO_ID, NO_SLUG = 10**12, "nothing"

numbers = count(1)


@dataclass
class Asker:
    """Somebody with a browser or a program of their own."""

    client: QuartClient
    user: User  # of a stranger: whose name they try
    headers: dict[str, str] = field(default_factory=dict)
    csrf_token: str = ""

    async def find_csrf_token(self) -> str:
        """Return the token of a page that everybody may see."""
        if not self.csrf_token:
            self.csrf_token = await read_token(self.client, "/auth/login")
        return self.csrf_token


# --- what may be asked for

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
    comment = Comment(entity_id=values["entity_id"], body="Down.", author=owner)
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


async def make_tamper_id(session: AsyncSession, owner: User, is_public: bool, _: Values) -> int:
    entity = await make_entity(session, owner, is_public)
    nothing = {"difference": pack([]), "text": pack("")}
    found = Alert(TamperKind.CHANGED, TamperSeverity.LOW, "", 0, 0, 0, False, **nothing)
    return (await add_tamper(session, entity.id, found, utcnow())).id


async def make_channel_id(session: AsyncSession, owner: User, _: bool, __: Values) -> int:
    channel = Channel(user_id=owner.id, kind=ChannelKind.MAIL, topics="bug")
    session.add(channel)
    await session.flush()
    return channel.id


# By the name of an argument; what others stand on comes first.
MAKERS: dict[str, Maker] = {
    "slug": make_slug,
    "entity_id": make_entity_id,
    "bug_id": make_bug_id,
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
PUBLISHED = {"slug", "entity_id"}  # what its owner may make public


# --- who asks


async def make_asker(session: AsyncSession, app: Quart, name: str) -> Asker:
    role, scope = PEOPLE[name]
    user = await add_person(session, f"{name}-{next(numbers)}", role=role)
    asker = Asker(app.test_client(), user)
    if scope is not None:
        secret, row = await add_token(session, user, "program", scope=scope)
        asker.headers["Authorization"] = f"Bearer {secret}"
        if name == "revoked":
            await session.delete(row)
    elif name != "anonymous":
        secret = (await open_session(session, user)).token
        asker.client.set_cookie("localhost", "quartapp", generate_auth_token(asker.client, secret))
    if name.endswith("stale"):
        long_ago = utcnow() - timedelta(hours=1)
        own = UserSession.user_id == user.id
        await session.execute(update(UserSession).where(own).values(confirmed_at=long_ago))
    if name == "disabled":
        user.disabled_at = utcnow()
    return asker


async def make_words(session: AsyncSession, user: User, template: str) -> dict[str, str]:
    """Return what the placeholders of a body stand for; a link is made where one is named."""
    words = {"n": str(next(numbers)), "name": user.name, "password": PASSWORD}
    words["email"] = f"{user.name}@example.org"
    for purpose in Purpose:
        if f"{{{purpose}}}" in template:
            words[purpose] = await add_link(session, purpose, user=user, email=words["email"])
    return words


class World:
    """Those who ask and those who own, until a request has changed something."""

    def __init__(self, app: Quart) -> None:
        self.app = app
        self.askers: dict[str, Asker] = {}

    def end(self) -> None:
        """Let everybody be made anew: they may have lost what the last request was about."""
        self.askers.clear()

    async def find_asker(self, session: AsyncSession, name: str) -> Asker:
        if name not in self.askers:
            self.askers[name] = await make_asker(session, self.app, name)
        return self.askers[name]

    async def find_owner(self, session: AsyncSession, name: str, thing: str) -> User:
        """Return who owns what *name* asks for: of a stranger's and `other`'s own, the owner."""
        if thing not in ("own", "missing"):
            name = SOMEBODY
        elif name in ("anonymous", "other"):
            name = "owner"
        return (await self.find_asker(session, name)).user

    async def make_values(
        self, session: AsyncSession, name: str, thing: str, arguments: list[str]
    ) -> Values:
        """Make what an address names; of a missing thing all is there but the last."""
        values: Values = {}
        owner = await self.find_owner(session, name, thing)
        for argument in arguments:
            is_public = thing == "public"
            values[argument] = await MAKERS[argument](session, owner, is_public, values)
        if thing == "missing":
            values[argument] = NO_SLUG if isinstance(values[argument], str) else NO_ID
        return values

    async def make_scene(
        self, name: str, thing: str, arguments: list[str], template: str
    ) -> tuple[Asker, Values, dict[str, str]]:
        """Return who asks, the values of an address and the words of a body."""
        async with self.app.app_context(), db.begin() as session:
            asker = await self.find_asker(session, name)
            values = await self.make_values(session, name, thing, arguments)
            words = await make_words(session, asker.user, template)
        return asker, values, words
