"""What tests of sessions share: browsers that come, go and come back."""

from typing import Any

from sqlalchemy import func, select, update

from quartapp.extensions import db
from quartapp.models import User, UserSession
from quartapp.services.session import (
    Secrets,
    find_session,
    open_session,
    renew_session,
    wake_session,
)


async def begin(user: User, **given: Any) -> Secrets:
    async with db.begin() as session:
        return await open_session(session, user, **given)


async def find_name(token: str) -> str | None:
    """Return who a session's secret lets in."""
    async with db.begin() as session:
        row = await find_session(session, token)
    return row.user.name if row else None


async def wake(cookie: str | None) -> tuple[str | None, Secrets | None] | None:
    assert cookie
    async with db.begin() as session:
        woken = await wake_session(session, cookie)
    return (woken[0] and woken[0].user.name, woken[1]) if woken else None


async def renew(opened: Secrets) -> Secrets:
    async with db.begin() as session:
        row = await find_session(session, opened.token)
        assert row
        return await renew_session(session, row)


async def change(**values: object) -> None:
    """Let every session be as if something had happened to it."""
    async with db.begin() as session:
        await session.execute(update(UserSession).values(**values))


async def count() -> int:
    async with db.begin() as session:
        return await session.scalar(select(func.count(UserSession.id))) or 0


async def load_rows() -> list[dict[str, Any]]:
    """Return what is kept of all sessions, the first one first."""
    async with db.read() as session:
        rows = await session.execute(select(UserSession.__table__).order_by(UserSession.id))
        return [dict(row) for row in rows.mappings()]
