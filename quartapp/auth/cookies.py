"""The cookies of a browser that is signed in: one for each request, one that wakes the session."""

import quart_auth
from quart import Quart, Response, current_app, g, request, session

from quartapp.auth.asker import STRANGER, Asker, get_asker
from quartapp.extensions import db
from quartapp.models import User
from quartapp.models.session import REMEMBERED_LIFE
from quartapp.services.session import (
    Secrets,
    close_session,
    confirm_session,
    find_session,
    open_session,
    record_factor,
    renew_session,
)


def find_cookie_name(app: Quart, name: str) -> str:
    """Return *name* with the prefix that binds a cookie to this host and to HTTPS."""
    return f"__Host-{name}" if app.config["SESSION_COOKIE_SECURE"] else name


def init_cookies(app: Quart) -> None:
    app.after_request(write_remember_cookie)


def find_remember_cookie() -> str:
    return request.cookies.get(find_cookie_name(current_app, "remember"), "")


def keep_secrets(secrets: Secrets) -> None:
    """Let the answer hand *secrets* to the browser."""
    quart_auth.login_user(quart_auth.AuthUser(secrets.token, quart_auth.Action.WRITE))
    keep_remember_cookie(secrets.remember or "")


def keep_remember_cookie(value: str) -> None:
    """Let the answer replace the remember cookie; an empty value takes it away."""
    if value or find_remember_cookie():
        g.remember = value


async def write_remember_cookie(response: Response) -> Response:
    if "has_left" in g:  # nothing that was shown stays behind in the browser
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    if "remember" in g:
        value = g.remember
        response.set_cookie(
            find_cookie_name(current_app, "remember"),
            value,
            max_age=int(REMEMBERED_LIFE.total_seconds()) if value else 0,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite=current_app.config["SESSION_COOKIE_SAMESITE"],
        )
    return response


async def login_user(user: User, *, how: str = "", remember: bool = False) -> None:
    """Sign *user* in here, under a session of its own; the caller commits.

    *how* is what the audit log says of it: "password", "password and code", "passkey", "link".
    """
    secrets = await open_session(
        db.session,
        user,
        browser=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
        remember=remember,
        how=how,
    )
    await forget_session()  # after the user is locked, as where all sessions end
    await replace_cookies(secrets)


async def logout_user() -> None:
    """End this browser's session, here and in the database; the caller commits."""
    await forget_session()
    quart_auth.logout_user()
    keep_remember_cookie("")
    g.asker, g.has_left = STRANGER, True


async def forget_session() -> None:
    session.clear()
    if row := get_asker().session or get_asker().weak:
        await close_session(db.session, row)


async def confirm_login(*, by_factor: bool = False) -> None:
    """Note that the password was given again, or *by_factor* more; the session is renewed."""
    if row := get_asker().session:
        if by_factor:
            await record_factor(db.session, row)
        await replace_cookies(await confirm_session(db.session, row))


async def renew_login() -> None:
    """Give this browser's session new secrets, so that a copy of its cookies is void."""
    if row := get_asker().session:
        await replace_cookies(await renew_session(db.session, row))


async def replace_cookies(secrets: Secrets) -> None:
    keep_secrets(secrets)
    g.asker = Asker(session=await find_session(db.session, secrets.token))
