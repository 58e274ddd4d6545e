"""Somebody whom no request can shut out: schemathesis deletes tokens, its own among them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import ApiToken, Role, Scope, User
from tests.helpers import add_person, make_bearer
from tests.security.things import numbers

PASS = b"Bearer of-the-one-who-asks"  # what schemathesis sends
RIGHTS = {"editor": (Role.EDITOR, Scope.WRITE), "administrator": (Role.ADMIN, Scope.ADMIN)}


class Keeper:
    """The app, which takes PASS for a token of somebody who may do what their role may."""

    def __init__(self, app: QuartApp, role: str) -> None:
        self.app = app
        self.asgi_app = app.asgi_app
        self.role, self.scope = RIGHTS[role]
        self.user_id = 0
        self.token = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (b"authorization", PASS) in scope["headers"]:
            others = [header for header in scope["headers"] if header[1] != PASS]
            scope = scope | {"headers": [*others, (b"authorization", await self.find_token())]}
        await self.asgi_app(scope, receive, send)

    async def find_token(self) -> bytes:
        async with self.app.app_context(), db.begin() as session:
            if not await self.is_whole(session):
                user = await add_person(session, f"keeper-{next(numbers)}", role=self.role)
                headers = await make_bearer(session, user, self.scope)
                self.user_id, self.token = user.id, headers["Authorization"].encode()
        return self.token

    async def is_whole(self, session: AsyncSession) -> bool:
        """Tell whether the person still has their role and their token."""
        query = select(User.role).join(ApiToken, ApiToken.user_id == User.id)
        query = query.where(User.id == self.user_id, User.disabled_at.is_(None))
        return await session.scalar(query) == self.role


def keep(app: QuartApp, role: str) -> None:
    app.asgi_app = Keeper(app, role)  # type: ignore[method-assign]
