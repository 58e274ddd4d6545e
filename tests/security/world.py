"""People, what is theirs, and by what they are known."""

from dataclasses import dataclass, field
from datetime import timedelta

from quart import Quart
from quart.testing import QuartClient
from quart_auth import generate_auth_token
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.extensions import db
from quartapp.models import (
    Purpose,
    Role,
    Scope,
    User,
    UserSession,
    utcnow,
)
from quartapp.models.link import TO_REGISTER
from quartapp.services.link import add_link
from quartapp.services.session import open_session
from quartapp.services.token import add_token
from tests.helpers import PASSWORD, add_person, read_token
from tests.security.things import MAKERS, Values, numbers

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
            words[purpose] = await make_link(session, purpose, user, words["email"])
    return words


async def make_link(session: AsyncSession, purpose: Purpose, user: User, email: str) -> str:
    """Return a link as the application makes it: who is invited is nobody yet, but has a role."""
    if purpose in TO_REGISTER:
        return await add_link(session, purpose, email=email, role=Role.VIEWER)
    return await add_link(session, purpose, user=user, email=email)


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
