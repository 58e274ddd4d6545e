"""Guessing codes: ten in five minutes, 96 a day, whoever knows the password."""

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.errors import TooManyRequestsError
from quartapp.extensions import db, limiter
from quartapp.limits import rules
from quartapp.models import User
from quartapp.security import make_box
from tests.helpers import PASSWORD, add_factor, make_code, read_token
from tests.limits.asking import ask, asking


async def guess(app: Quart, user_id: int = 1) -> bool:
    async with asking(app):
        try:
            await limiter.check_second_factor(user_id)
        except TooManyRequestsError:
            return False
    return True


@pytest.mark.parametrize("redis_url", ["memory", "valkey"], indirect=True)
async def test_ten_codes_in_five_minutes_are_looked_at(app: Quart) -> None:
    assert [await guess(app) for _ in range(12)] == [True] * 10 + [False] * 2
    assert await guess(app, 2)


async def test_96_codes_a_day_are_looked_at(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quartapp.limits.SECOND_BY_ACCOUNT", rules.PAGES)
    assert [await guess(app) for _ in range(98)] == [True] * 96 + [False] * 2


async def test_page_and_api_count_together(app: Quart, client: QuartClient, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        secret, _ = await add_factor(session, admin, make_box([app.config["SECRET_KEY"]]))
    data = {"username": "admin", "password": PASSWORD}
    form = {"name": "admin", **data, "csrf_token": await read_token(client, "/auth/login")}
    await ask(client, "/auth/login", "192.0.2.1", method="POST", form=form)
    token, found = await read_token(client, "/auth/second-factor"), []
    for number in range(6):
        address = f"192.0.2.{number}"
        form = {"code": "000000", "csrf_token": token}
        answer = await ask(client, "/auth/second-factor", address, method="POST", form=form)
        found.append(answer.status_code)
    for number in range(6):
        code = "000000" if number < 5 else make_code(secret)
        sent = {"json": {**data, "code": code}, "method": "POST"}
        found.append((await ask(client, "/api/v1/tokens", f"10.0.0.{number}", **sent)).status_code)

    assert found == [422] * 6 + [401] * 4 + [429] * 2
