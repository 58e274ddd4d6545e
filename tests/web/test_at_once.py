"""What a browser asks for at the very moment when its user locks up."""

import asyncio
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.extensions import db, limiter
from quartapp.models import AuditEvent, Link, User, UserSession
from quartapp.services.second_factor import has_second_factor
from quartapp.services.session import close_sessions, end_sessions
from tests.helpers import add_factor, sign_in
from tests.services.meeting import do, until_waiting
from tests.web.test_links import send

BOX = MultiFernet([Fernet(Fernet.generate_key())])


async def list_rows(app: Quart, of: Any) -> list[Any]:
    async with app.app_context(), db.read() as session:
        return list(await session.scalars(select(of)))


async def turn_on(session: AsyncSession, user: User) -> None:
    await add_factor(session, user, BOX)
    await close_sessions(session, user)


async def test_password_alone_lets_nobody_in_once_a_factor_is_on(
    app: Quart, client: QuartClient, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def ask_early(session: AsyncSession, user: User) -> bool:
        found = await has_second_factor(session, user)
        tasks.append(asyncio.create_task(do(ann, turn_on)))
        await until_waiting(tasks[0])
        return found

    monkeypatch.setattr("quartapp.web.auth.entry.has_second_factor", ask_early)
    await sign_in(client, "ann")
    await asyncio.wait_for(tasks[0], 10)

    assert await list_rows(app, UserSession) == []


@pytest.mark.parametrize("database_kind", ["postgres", "mariadb"])  # SQLite has one writer
async def test_browser_that_is_signed_out_meanwhile_gets_no_link(
    app: Quart, client: QuartClient, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(_account: str) -> None:
        await do(ann, lambda session, user: end_sessions(session, user, user))

    await sign_in(client, "ann")
    monkeypatch.setattr(limiter, "check_reset", end)
    assert (await send(client, "/account/email", email="thief@example.org"))[0] == 303
    assert await list_rows(app, Link) == []


async def test_who_signs_in_anew_ends_the_old_session_last(
    app: Quart, client: QuartClient, ann: User
) -> None:
    """The user is locked first, as by who ends sessions: they never wait for each other."""
    await sign_in(client, "ann")
    await sign_in(client, "ann")

    events = await list_rows(app, AuditEvent)
    assert [event.action for event in sorted(events, key=lambda event: event.id)][1:] == [
        *("login", "login", "logout")
    ]
    assert len(await list_rows(app, UserSession)) == 1
