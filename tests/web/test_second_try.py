"""Who signs in while others do gets in, though the view had to run again."""

import sqlite3
from collections.abc import Callable

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import User
from tests.authenticator import Authenticator
from tests.helpers import PASSWORD, read_token
from tests.web.second_step import give_password, turn_on
from tests.web.test_passkeys import LOGIN, add, fetch


@pytest.fixture
def lose_next_race(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the next commit fail, as when another transaction was faster."""
    commit, faster = AsyncSession.commit, []

    async def race(session: AsyncSession) -> None:
        if faster:
            faster.clear()
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY_SNAPSHOT"
            raise OperationalError("COMMIT", {}, error)
        await commit(session)

    monkeypatch.setattr(AsyncSession, "commit", race)
    return lambda: faster.append("another")


async def test_password(
    client: QuartClient, admin: User, lose_next_race: Callable[[], None]
) -> None:
    token = await read_token(client, LOGIN)
    lose_next_race()
    form = {"name": "admin", "password": PASSWORD, "csrf_token": token}
    assert (await client.post(LOGIN, form=form)).status_code == 303
    assert (await client.get("/account/")).status_code == 200


async def test_code(
    app: Quart, client: QuartClient, browser: QuartClient, lose_next_race: Callable[[], None]
) -> None:
    _, codes = await turn_on(app, browser)
    path = await give_password(client, "?next=/account/")
    token = await read_token(client, path)
    lose_next_race()
    response = await client.post(path, form={"code": codes[0], "csrf_token": token})
    assert response.headers["Location"] == "/account/"
    assert (await client.get("/account/")).status_code == 200


async def test_passkey(
    client: QuartClient, browser: QuartClient, lose_next_race: Callable[[], None]
) -> None:
    device = Authenticator()
    await add(browser, device)
    answer = device.get(await fetch(client, "/auth/passkey/options", LOGIN))
    token = await read_token(client, LOGIN)
    lose_next_race()
    response = await client.post("/auth/passkey", form={"answer": answer, "csrf_token": token})
    assert response.headers["Location"] == "/"
    assert (await client.get("/account/")).status_code == 200
