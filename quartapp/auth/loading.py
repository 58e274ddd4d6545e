"""Find out who asks, before a view or the handler of a socket runs."""

import logging
from contextlib import suppress
from typing import Any, cast

import quart_auth
from quart import Request, Websocket, current_app, g, request, websocket
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.asgi.wrappers import SUBPROTOCOL
from quartapp.auth.asker import STRANGER, VOID, Asker, get_asker
from quartapp.auth.cookies import find_remember_cookie, keep_remember_cookie, keep_secrets
from quartapp.auth.known import find_known_token, note_known_use
from quartapp.auth.origin import is_own_origin
from quartapp.auth.required_factor import (
    lacks_factor,
    refuse_without_factor,
    weigh_session,
)
from quartapp.database import SAFE_METHODS, classify
from quartapp.errors import ForbiddenError, TooLargeError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import ApiToken, Scope, User, utcnow
from quartapp.security import is_api_token
from quartapp.services.session import find_same_session, find_session, record_seen, wake_session
from quartapp.services.token import find_token, record_use
from quartapp.texts import Text

# Of a socket: what stands before the token of a page, which cannot send headers.
BEARER_PROTOCOL = f"{SUBPROTOCOL}.bearer."

logger = logging.getLogger(__name__)


async def load_user() -> None:
    """Find out who asks, before a request; with a bearer token, cookies count nothing."""
    await hear_out()
    g.asker = await find_program() or await find_asker(db.session, request) or await wake()
    if request.method not in SAFE_METHODS:
        refuse_to_write(g.asker.token)
    await refuse_without_factor(db.session, g.asker, request.endpoint)
    await note_use(g.asker)


async def hear_out() -> None:
    """Take the body in first: nobody in the database waits for a slow client.

    And who is let out while it comes is out. Strangers are not heard out for that.
    """
    if request.method in SAFE_METHODS or not may_be_known():
        return
    with suppress(TooLargeError):  # is for the view to say, if it lets who asks so far
        await request.get_data()


def may_be_known() -> bool:
    """Tell whether a request carries what looks as if it let somebody in; asks nobody."""
    if (secret := find_bearer(request)) is not None:
        return is_api_token(secret)
    return bool(quart_auth.current_user.auth_id or find_remember_cookie())


async def recognize() -> None:
    """Find out who asks, by reading alone: no session is woken, and no use is noted."""
    asker = await find_program() or await find_asker(db.session, request) or STRANGER
    g.asker = STRANGER if await lacks_factor(db.session, asker) else asker


async def find_program() -> Asker | None:
    """Return the program that asks by a token, which may be known; None for all others."""
    secret = find_bearer(request)
    if secret is None:
        return None
    token = await find_known_token(secret)
    if token is None:
        return VOID
    if request.method not in SAFE_METHODS:  # what is written may refer to its user
        token = await db.session.merge(token, load=False)
    return Asker(token=token)


def refuse_to_write(token: ApiToken | None) -> None:
    if token and not token.has_scope(Scope.WRITE):
        raise ForbiddenError(Text("This token may only read."))


async def find_asker(session: AsyncSession, connection: Request | Websocket) -> Asker | None:
    """Return who a bearer token or the session's cookie names; None: a cookie may wake one."""
    if (secret := find_bearer(connection)) is not None:
        token = await find_token(session, secret)
        return Asker(token=token) if token else VOID
    cookie = quart_auth.current_user.auth_id
    row = await find_session(session, cookie) if cookie else None
    return await weigh_session(session, row) if row else None


def find_bearer(connection: Request | Websocket) -> str | None:
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if isinstance(connection, Websocket):
        for protocol in connection.requested_subprotocols:
            if protocol.startswith(BEARER_PROTOCOL):
                return protocol.removeprefix(BEARER_PROTOCOL)
    return None


async def wake() -> Asker:
    """Wake the session of a browser that was to be remembered."""
    cookie = find_remember_cookie()
    if not cookie:
        return STRANGER
    await db.discard()  # its transaction would keep the next one waiting
    async with db.begin() as session:
        woken = await wake_session(session, cookie)
        row, secrets = woken or (None, None)
        asker = await weigh_session(session, row) if row else STRANGER
    if woken is None:
        keep_remember_cookie("")
    if secrets is not None:
        keep_secrets(secrets)
    return asker


async def note_use(asker: Asker) -> None:
    """Write down, once a minute, that a credential is in use; a full disk keeps nobody out."""
    if not asker.is_unnoted(utcnow()):
        return
    if request.method not in SAFE_METHODS:
        await write_use(db.session, asker)
        await db.session.commit()  # else its row stays locked, and who ends it waits for the view
        return
    if asker.token:
        note_known_use(asker.token)
    try:
        async with db.begin() as session:
            await write_use(session, asker)
    except SQLAlchemyError as error:
        if classify(error) is None:
            raise
        logger.warning("The use of a credential could not be noted: %s", error)


async def write_use(session: AsyncSession, asker: Asker) -> None:
    if asker.session:
        await record_seen(session, asker.session, request.remote_addr or "")
    if asker.token:
        await record_use(session, asker.token)


async def load_socket_user() -> None:
    """Find out who asks, before a socket; a page of another site may not use the cookie."""
    async with db.read() as session:
        g.asker = await find_asker(session, websocket) or STRANGER
        await refuse_without_factor(session, g.asker)
    cast(Any, websocket).asker = g.asker  # for who watches that it stays signed in
    origin = websocket.headers.get("Origin")
    by_cookie = g.asker.session is not None
    if is_own_origin(websocket) or (origin is None and not by_cookie):
        return
    if by_cookie or origin not in current_app.config["CORS_ORIGINS"]:
        raise ForbiddenError(Text("This page may not open a socket here."))


async def get_socket_user(session: AsyncSession) -> User:
    """Ask again who writes on a socket: since it was opened, the session may have ended."""
    asker = await find_socket_asker(session)
    if asker is None or asker.user is None:
        raise UnauthorizedError(Text("Sign in again."))
    await refuse_without_factor(session, asker)
    refuse_to_write(asker.token)
    return asker.user


async def find_socket_asker(session: AsyncSession) -> Asker | None:
    """Return who opened the socket, whose cookie may have been replaced meanwhile."""
    if opened := get_asker().session:
        row = await find_same_session(session, opened)
        return await weigh_session(session, row) if row else None
    return await find_asker(session, websocket)
