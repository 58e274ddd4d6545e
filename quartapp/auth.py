"""Who is asking: the user of a request or socket, by cookie or by bearer token."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import quart_auth
from quart import Quart, Request, Websocket, current_app, g, request, websocket
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database import SAFE_METHODS
from quartapp.errors import ForbiddenError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.user import close_session, find_session_user, find_token_user, open_session

P = ParamSpec("P")
T = TypeVar("T")

COOKIE_NAME = "quartapp"
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}  # of an origin
COOKIE_LIFE = 30 * 24 * 3600  # s, as long as its row in the database


def init_app(app: Quart) -> None:
    secure = app.config["SESSION_COOKIE_SECURE"]
    # One object an app: QuartAuth keeps the settings of the first app that it meets.
    quart_auth.QuartAuth(
        app,
        cookie_name=f"__Host-{COOKIE_NAME}" if secure else COOKIE_NAME,
        cookie_secure=secure,
        duration=COOKIE_LIFE,
    )
    app.context_processor(lambda: {"current_user": find_user()})


def find_user() -> User | None:
    """Return the user of this request or socket, None for a stranger."""
    user: User | None = g.get("user")
    return user


def get_user() -> User:
    """Return the user of this request or socket; UnauthorizedError for a stranger."""
    user = find_user()
    if user is None:
        raise UnauthorizedError("Sign in to see this.")
    return user


def login_required(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Let signed-in users only reach a view: a page leads to the login, the API answers 401."""

    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        get_user()
        return await view(*args, **kwargs)

    guarded.__dict__["login_required"] = True  # read by the OpenAPI document
    return guarded


async def load_user() -> None:
    """Find out who asks, before a request; with a bearer token, cookies count nothing."""
    g.user, g.by_cookie = await find_asking_user(db.session, request)


async def load_socket_user() -> None:
    """Find out who asks, before a socket; a page of another site may not use the cookie."""
    async with db.read() as session:
        g.user, g.by_cookie = await find_asking_user(session, websocket)
    origin = websocket.headers.get("Origin")
    if is_own_origin(websocket) or (origin is None and not g.by_cookie):
        return
    if g.by_cookie or origin not in current_app.config["CORS_ORIGINS"]:
        raise ForbiddenError("This page may not open a socket here.")


async def get_socket_user(session: AsyncSession) -> User:
    """Ask again who is on a socket: since it was opened, the session may have ended."""
    user, _ = await find_asking_user(session, websocket)
    if user is None:
        raise UnauthorizedError("Sign in again.")
    return user


async def find_asking_user(
    session: AsyncSession, connection: Request | Websocket
) -> tuple[User | None, bool]:
    """Return the user, if any, and whether a cookie named them."""
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await find_token_user(session, token.strip()), False
    cookie = quart_auth.current_user.auth_id
    user = await find_session_user(session, cookie) if cookie else None
    return user, user is not None


def is_own_origin(connection: Request | Websocket) -> bool:
    """Tell whether a page of ours caused this; browsers send one of the two headers at least."""
    site, origin = connection.headers.get("Sec-Fetch-Site"), connection.headers.get("Origin")
    if origin is not None and origin != f"{SCHEMES[connection.scheme]}://{connection.host}":
        return False
    return site == "same-origin" or (site is None and origin is not None)


async def refuse_foreign_page() -> None:
    """Refuse what a page of another site makes a signed-in browser do (threats S-CSRF-API)."""
    if g.by_cookie and request.method not in SAFE_METHODS and not is_own_origin(request):
        raise ForbiddenError("Only pages of this site may do this with a cookie.")


async def login_user(user: User) -> None:
    """Sign *user* in here, under a session of its own; the caller commits."""
    token = await open_session(db.session, user)
    quart_auth.login_user(quart_auth.AuthUser(token, quart_auth.Action.WRITE_PERMANENT))
    g.user = user


async def logout_user() -> None:
    """End this browser's session, here and in the database; the caller commits."""
    if token := quart_auth.current_user.auth_id:
        await close_session(db.session, token)
    quart_auth.logout_user()
    g.user = None
