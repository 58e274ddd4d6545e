"""By which clock it is whose turn, and from which moment on."""

from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services import claim as claims
from quartapp.services.claim import ask_time, has_due_checks
from tests.services.watching import HOUR, claim, load_check, watch

MOMENT = timedelta(microseconds=1)
SLACK = timedelta(minutes=5)  # of a busy machine


async def test_time_is_the_databases_where_it_has_a_clock(
    app: Quart, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "utcnow", lambda: utcnow() + HOUR)
    async with app.app_context(), db.read() as session:
        found = await ask_time(session)

    ahead = HOUR if database_kind == "sqlite" else timedelta()
    assert abs(found - utcnow() - ahead) < SLACK


async def test_time_is_told_to_the_microsecond(app: Quart) -> None:
    async with app.app_context(), db.read() as session:
        found = [await ask_time(session) for _ in range(20)]

    assert any(time.microsecond % 10 for time in found)
    assert found == sorted(found)


async def test_site_is_due_from_its_moment_on(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        due_at = (await load_check()).due_at
        assert due_at is not None
        async with db.read() as session:
            found = [
                await has_due_checks(session, due_at + later)
                for later in (-MOMENT, 0 * MOMENT, MOMENT)
            ]
        assert await claim(due_at - MOMENT) == []
        assert len(await claim(due_at)) == 1

    assert found == [False, True, True]
