"""Whose key it is, of what, and for how long."""

from datetime import datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.models import KeptAnswer, User, utcnow
from quartapp.models.idempotency import KEPT_FOR
from quartapp.services.idempotency import claim_key

MOMENT = timedelta(microseconds=1)
ASKED = "5" * 64  # the fingerprint of what was asked


async def answer(user: User, key: str, status: int, now: datetime, asked: str = ASKED) -> int:
    """Return the status that is kept for a key, else keep this one."""
    async with db.begin() as session:
        row = await claim_key(session, user, key, asked, now=now)
        row.status = row.status or status
        return row.status


async def load_kept() -> dict[tuple[int, str], int | None]:
    async with db.read() as session:
        rows = await session.scalars(select(KeptAnswer))
        return {(row.user_id, row.key): row.status for row in rows}


async def test_each_person_has_an_answer_to_each_key(app: Quart, people: list[User]) -> None:
    """Whether those who came before have greater ids and keys, or smaller ones."""
    asked = [(people[number], key) for number in (2, 0, 1) for key in ("c", "a", "b")]
    async with app.app_context():
        first = [await answer(*one, 200 + number, utcnow()) for number, one in enumerate(asked)]
        again = [await answer(*one, 500, utcnow()) for one in asked]
        kept = await load_kept()

    assert first == again == list(range(200, 209))
    assert kept == {
        (user.id, key): status for (user, key), status in zip(asked, first, strict=True)
    }


@pytest.mark.parametrize("other", ["4" * 64, "6" * 64])
async def test_key_of_another_request_is_refused(
    app: Quart, people: list[User], other: str
) -> None:
    async with app.app_context():
        await answer(people[0], "k", 201, utcnow())
        with pytest.raises(InvalidError, match="came with another request before"):
            await answer(people[0], "k", 202, utcnow(), other)
        assert await answer(people[0], "k", 203, utcnow()) == 201


async def test_answer_is_kept_for_a_day_to_the_moment(app: Quart, people: list[User]) -> None:
    now = utcnow()
    async with app.app_context():
        for later in (timedelta(), KEPT_FOR - MOMENT, KEPT_FOR, KEPT_FOR + MOMENT):
            await answer(people[0], f"{later}", 201, now)
            found = await answer(people[0], f"{later}", 202, now + later)
            assert (later, found) == (later, 201 if later < KEPT_FOR else 202)


async def test_key_that_is_new_again_voids_no_other(app: Quart, people: list[User]) -> None:
    now = utcnow()
    async with app.app_context():
        for number, user in enumerate(people):
            await answer(user, "k", 201 + number, now)
        assert await answer(people[1], "k", 500, now + KEPT_FOR) == 500
        kept = await load_kept()

    assert kept == {
        (user.id, "k"): status for user, status in zip(people, (201, 500, 203), strict=True)
    }
