"""Until when a site was away, and what people are told, with windows of maintenance between."""

import random
from datetime import datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import delete

from quartapp.extensions import db
from quartapp.models import Maintenance, User, utcnow
from quartapp.models.look import Reason
from quartapp.services.event import list_events, select_events
from quartapp.services.maintenance import find_resting, keep_windows
from tests.services.watching import load_outages, look, watch

STEP = timedelta(minutes=2)
REASONS = {"o": None, "f": Reason.CONNECT, "e": Reason.NETWORK}
Told = list[tuple[str, int, int]]  # what, after which step, as of which


async def walk(steps: str) -> Told:
    """Take steps, return what was told: "o", "f", "e" are looks, "[" and "]" a window's ends."""
    await watch("http://a.example")
    start, told = utcnow() + STEP, Told()
    for number, step in enumerate(steps):
        now = start + number * STEP
        if step not in REASONS:
            await rest(now, is_begin=step == "[")
            continue
        for turn in await look(now, REASONS[step]):
            at, word = (turn.outage.ended_at, "up") if turn.outage.ended_at else (None, "down")
            told.append((word, number, ((at or turn.outage.started_at) - start) // STEP))
    return told


async def rest(now: datetime, *, is_begin: bool) -> None:
    async with db.begin() as session:
        if is_begin:
            end = now + timedelta(days=7)
            session.add(Maintenance(title="Disks", timezone="UTC", starts_at=now, ends_at=end))
        else:
            await session.execute(delete(Maintenance))
        await session.flush()
        await keep_windows(session, await find_resting(session, now), now)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("fffoo", [("down", 2, 0), ("up", 4, 3)]),
        ("fff[oooo]oo", [("down", 2, 0), ("up", 10, 4)]),
        ("fff[ofoo]oo", [("down", 2, 0), ("up", 10, 6)]),
        ("fff[oooo]foo", [("down", 2, 0), ("up", 11, 10)]),
        ("fff[ffff]oo", [("down", 2, 0), ("up", 10, 9)]),
        ("fff[eeoe]oeo", [("down", 2, 0), ("up", 11, 6)]),
        ("fffo[oo]oo", [("down", 2, 0), ("up", 9, 3)]),
        ("off[ff]offf", [("down", 10, 8)]),
    ],
)
async def test_outage_lasts_until_the_first_answer_that_lasted(
    app: Quart, steps: str, told: Told
) -> None:
    async with app.app_context():
        assert await walk(steps) == told


async def test_people_are_told_how_long_a_site_was_away_that_came_back_in_a_window(
    app: Quart,
) -> None:
    async with app.app_context():
        await walk("fff[oooo]oo")
        (outage,) = await load_outages()
        async with db.read() as session:
            events = await list_events(session, select_events(seen_by=User()))

    assert outage.ended_at == outage.started_at + 4 * STEP
    assert [event.title for event in events] == ["Up again after 8 minutes", "It is down"]


async def test_people_are_told_in_turns_and_never_in_a_window(app: Quart) -> None:
    dice = random.Random(12)
    parts = ["".join(dice.choices("ooofffffe", k=dice.randint(1, 9))) for _ in range(50)]
    steps = "".join(f"[{part}]" if number % 2 else part for number, part in enumerate(parts))
    async with app.app_context():
        told = await walk(steps)

    assert len(told) > 5
    assert [word for word, _, _ in told] == (["down", "up"] * len(told))[: len(told)]
    for word, number, since in told:
        assert steps[number] == ("o" if word == "up" else "f")
        assert steps.rfind("[", 0, number) <= steps.rfind("]", 0, number)
        if word == "up":
            assert since == steps.index("o", steps.rindex("f", 0, number))
