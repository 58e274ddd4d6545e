"""Browsers that are signed in: opened, woken, renewed, ended."""

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import NotFoundError, UnauthorizedError
from quartapp.models import Action, User, UserSession, utcnow
from quartapp.models.rights import may_see_what_is_of
from quartapp.models.session import (
    ADDRESS_LENGTH,
    BROWSER_LENGTH,
    GRACE,
    IDLE,
    LIFE,
    REMEMBERED_LIFE,
    TWO_FACTORS,
)
from quartapp.security import hash_token, make_token
from quartapp.services.audit import record_event
from quartapp.services.link import void_move
from quartapp.services.user import matches, refuse_changed
from quartapp.texts import Text

FAMILY_BYTES = 16  # 128 bits

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a browser keeps: one for each request, and one that wakes the session later."""

    token: str
    remember: str | None


async def open_session(
    session: AsyncSession,
    user: User,
    *,
    browser: str = "",
    address: str = "",
    remember: bool = False,
    how: str = "",
) -> Secrets:
    """Begin a session of *user*, whose password was right just now; UnauthorizedError if not."""
    await refuse_changed(session, user)
    now = utcnow()
    secret = make_token() if remember else None
    row = UserSession(
        user_id=user.id,
        token_hash=hash_token(token := make_token()),
        browser=browser[:BROWSER_LENGTH],
        address=address[:ADDRESS_LENGTH],
        seen_at=now,
        confirmed_at=now,
        factor_at=now if how in TWO_FACTORS else None,
        expires_at=now + (REMEMBERED_LIFE if remember else LIFE),
        family=secrets.token_hex(FAMILY_BYTES),
        remember_hash=hash_token(secret) if secret else None,
    )
    session.add(row)
    await record_event(session, Action.LOGIN, by=user, on=user, address=address, detail=how)
    return Secrets(token, f"{row.family}.{secret}" if secret else None)


def still_holds(now: datetime) -> ColumnElement[bool]:
    """The condition that a session has not ended: one that is remembered sleeps while idle."""
    wakes = or_(UserSession.seen_at > now - IDLE, UserSession.remember_hash.is_not(None))
    return and_(UserSession.expires_at > now, wakes)


def select_living() -> Select[UserSession]:
    """Sessions that have not ended, of people who may come in; users loaded."""
    query = select(UserSession).join(UserSession.user).options(joinedload(UserSession.user))
    return query.where(still_holds(utcnow()), User.disabled_at.is_(None))


async def find_session(session: AsyncSession, token: str) -> UserSession | None:
    """Return the session that a request belongs to, its user loaded."""
    awake = UserSession.seen_at > utcnow() - IDLE
    return await session.scalar(
        select_living().where(UserSession.token_hash == hash_token(token), awake)
    )


def is_same(row: UserSession) -> ColumnElement[bool]:
    """The condition that it is *row* still: once that is gone, SQLite gives its id anew."""
    return and_(UserSession.id == row.id, UserSession.family == row.family)


async def find_same_session(session: AsyncSession, row: UserSession) -> UserSession | None:
    """Return *row* as it is now, if it has not ended, whatever its secret is; its user loaded."""
    return await session.scalar(select_living().where(is_same(row)))


async def find_session_by_id(session: AsyncSession, session_id: int) -> UserSession | None:
    """Return a session that has not ended, by what a page or the API calls it; its user loaded."""
    return await session.scalar(select_living().where(UserSession.id == session_id))


async def record_seen(session: AsyncSession, row: UserSession, address: str) -> None:
    """Write down that a request came, for `row.is_unnoted()`."""
    values = {"seen_at": utcnow(), "address": address[:ADDRESS_LENGTH]}
    await session.execute(update(UserSession).where(is_same(row)).values(**values))


async def wake_session(
    session: AsyncSession, cookie: str
) -> tuple[UserSession | None, Secrets | None] | None:
    """Return the session that a remember cookie belongs to, and the secrets that replace it.

    Each cookie wakes it once. A request that was on the way meanwhile (GRACE) gets no new secrets,
    and no session either when its cookie was made void; any other second use is that of a copy,
    and ends the session for everybody.
    """
    family, _, secret = cookie.partition(".")
    row = await session.scalar(select_living().where(UserSession.family == family))
    if row is None or row.remember_hash is None:
        return None
    used = hash_token(secret)
    if compare_digest(used, row.remember_hash):
        return row, await replace_secrets(session, row, used)
    if row.woken_at and utcnow() < row.woken_at + GRACE:
        last = row.last_remember_hash or ""
        if compare_digest(used, last):
            return row, None
        if compare_digest(void_hash(used), last):
            return None, None
    logger.warning("A remember cookie came twice; the session of user %d ended.", row.user_id)
    await session.delete(row)
    await session.flush()
    return None


async def replace_secrets(session: AsyncSession, row: UserSession, used: str) -> Secrets | None:
    """Give a session new secrets; None when another request has done so just now."""
    token, secret, now = make_token(), make_token(), utcnow()
    values = {
        "token_hash": hash_token(token),
        "remember_hash": hash_token(secret),
        "last_remember_hash": used,
        "seen_at": now,
        "woken_at": now,
    }
    unchanged = is_same(row), UserSession.remember_hash == used
    done = await session.execute(update(UserSession).where(*unchanged).values(**values))
    replaced = isinstance(done, CursorResult) and done.rowcount == 1
    return Secrets(token, f"{row.family}.{secret}") if replaced else None


async def confirm_session(session: AsyncSession, row: UserSession) -> Secrets:
    """Note that the password was given again; return new secrets."""
    values = {"confirmed_at": utcnow()}
    await session.execute(update(UserSession).where(is_same(row)).values(**values))
    return await renew_session(session, row)


async def record_factor(session: AsyncSession, row: UserSession) -> None:
    """Note that a second factor was given, or made, in a session."""
    values = {"factor_at": utcnow()}
    await session.execute(update(UserSession).where(is_same(row)).values(**values))


async def renew_session(session: AsyncSession, row: UserSession) -> Secrets:
    """Return new secrets of a session; those before let nobody in, whoever has a copy."""
    token, secret = make_token(), make_token() if row.remember_hash else None
    values = {
        "token_hash": hash_token(token),
        "remember_hash": hash_token(secret) if secret else None,
        "last_remember_hash": void_hash(row.remember_hash) if row.remember_hash else None,
        "woken_at": utcnow(),
    }
    await session.execute(update(UserSession).where(is_same(row)).values(**values))
    return Secrets(token, f"{row.family}.{secret}" if secret else None)


def void_hash(remember_hash: str) -> str:
    """Return what is kept of a secret that is known as the last one, and lets nobody in."""
    return hash_token(remember_hash)


async def close_session(session: AsyncSession, row: UserSession) -> None:
    """End a session, as who is signed in there wished."""
    done = await session.execute(delete(UserSession).where(is_same(row)))
    if isinstance(done, CursorResult) and done.rowcount == 1:
        await record_event(session, Action.LOGOUT, by=row.user, on=row.user)


async def close_sessions(session: AsyncSession, user: User, *, but: int | None = None) -> None:
    """End every session of *user*, except the one with the id *but*; the caller records why.

    So does what was begun in one of them and could give the account away later: a move of its mail.
    What is begun at this moment is waited for, and ends as well.
    """
    await void_move(session, user)
    query = delete(UserSession).where(UserSession.user_id == user.id)
    await session.execute(query.where(UserSession.id != but) if but else query)


async def end_sessions(
    session: AsyncSession, user: User, by: User | None, *, but: int | None = None
) -> None:
    """End the sessions of *user* because somebody wished it; without *by*, by a command."""
    await close_sessions(session, user, but=but)
    await record_event(session, Action.SESSIONS_ENDED, by=by, on=user)


def select_sessions(user: User) -> Select[UserSession]:
    """The sessions of *user* that have not ended, the last seen first."""
    return select_all_sessions().where(UserSession.user_id == user.id)


def select_all_sessions(person: str = "") -> Select[UserSession]:
    """Everybody's, or those of whose name or address *person* is a part; users loaded."""
    query = select_living().where(matches(person)) if person else select_living()
    return query.order_by(UserSession.seen_at.desc(), UserSession.id.desc())


async def remove_session(
    session: AsyncSession, session_id: int, by: User, *, as_admin: bool = False
) -> UserSession:
    """End one session: one's own, or anyone's for who acts as administrator."""
    row = await find_session_by_id(session, session_id)
    if row is None or not may_see_what_is_of(by, row.user_id, as_admin=as_admin):
        raise NotFoundError(Text("There is no session %(session_id)s.", session_id=session_id))
    await void_move(session, row.user)
    await session.delete(row)
    await record_event(session, Action.SESSION_ENDED, by=by, on=row.user, detail=row.browser)
    return row


async def refuse_ended(session: AsyncSession, session_id: int, user: User) -> None:
    """Let in only whose session has not ended since the request came; *user* is locked."""
    row = await find_session_by_id(session, session_id)
    if row is None or row.user_id != user.id:
        raise UnauthorizedError(Text("Sign in again."))


async def find_ended_sessions(session: AsyncSession, families: Collection[str]) -> set[str]:
    """Return those of *families* that let nobody in any more; SQLite gives the last id anew."""
    living = await session.scalars(select_living().where(UserSession.family.in_(families)))
    return set(families) - {row.family for row in living}
