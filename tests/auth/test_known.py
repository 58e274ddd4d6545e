"""Tokens that are known for a moment: not asked for again, and soon forgotten."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete, update

from quartapp.auth import known
from quartapp.extensions import db
from quartapp.models import ApiToken, User, utcnow
from tests.helpers import queries

PATH = "/api/v1/entities?cursor="


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(app: Quart, monkeypatch: pytest.MonkeyPatch) -> Clock:
    app.config["AUTH_CACHE_SECONDS"] = 1.0
    clock = Clock()
    monkeypatch.setattr(known, "monotonic", clock)
    return clock


async def ask(app: Quart, headers: dict[str, str], method: str = "GET") -> int:
    response = await app.test_client().open(PATH, method=method, headers=headers)
    return response.status_code


async def revoke_all(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(delete(ApiToken))


async def test_token_in_use_is_not_looked_up_again(
    app: Quart, bearer: dict[str, str], clock: Clock
) -> None:
    await ask(app, bearer)
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        assert await ask(app, bearer) == 200

    assert not [one for one in sent if "api_token" in one]


async def test_revoked_token_lets_nobody_in_after_a_second(
    app: Quart, bearer: dict[str, str], clock: Clock
) -> None:
    await ask(app, bearer)
    await revoke_all(app)
    clock.now += 1

    assert await ask(app, bearer) == 401


async def test_disabled_person_comes_in_no_more_after_a_second(
    app: Quart, admin: User, bearer: dict[str, str], clock: Clock
) -> None:
    await ask(app, bearer)
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(disabled_at=utcnow()))
    clock.now += 1

    assert await ask(app, bearer) == 401


async def test_known_token_that_expires_lets_nobody_in(
    app: Quart, bearer: dict[str, str], clock: Clock
) -> None:
    await ask(app, bearer)
    for token, _ in app.extensions["known_tokens"].values():
        token.expires_at = utcnow() - timedelta(seconds=1)
    await revoke_all(app)

    assert await ask(app, bearer) == 401


async def test_use_is_noted_once_however_many_requests_know_the_token(
    app: Quart, bearer: dict[str, str], clock: Clock
) -> None:
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        for _ in range(3):
            await ask(app, bearer)

    assert len([one for one in sent if one.startswith("UPDATE api_token")]) == 1


async def test_unknown_token_is_remembered_by_nobody(app: Quart, clock: Clock) -> None:
    assert await ask(app, {"Authorization": "Bearer qa_made_up"}) == 401
    assert app.extensions["known_tokens"] == {}
