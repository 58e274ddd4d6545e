"""Results are rolled up, and come and go by days: the next ones get room, the old ones go."""

import asyncio
from datetime import timedelta

from quartapp.extensions import db
from quartapp.monitoring.trouble import report_trouble
from quartapp.services.claim import ask_time
from quartapp.services.retention import drop_partitions, make_partitions, remove_old_results
from quartapp.services.rollup import add_marks, roll_up

PAUSE = 3600.0  # s between two rounds
HASTE = 300.0  # s between two rounds of roll-ups
BREATH = 0.1  # s for others, between two steps of a round


async def keep_rolling_up() -> None:
    """Roll up what is complete, round after round; what a stop has left comes first."""
    while True:
        try:
            await roll_up_all()
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, "Hours are rolled up later")
        await asyncio.sleep(HASTE)


async def roll_up_all() -> None:
    is_left = True
    while is_left:
        async with db.begin() as session:
            now = await ask_time(session)
            is_left = bool(await add_marks(session, now) or await roll_up(session, now))
        await asyncio.sleep(BREATH)


async def keep_results(days: int) -> None:
    """Keep the results of so many days, round after round; what goes wrong is tried again."""
    while True:
        try:
            await turn_over(days)
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, "Old results stay")
        await asyncio.sleep(PAUSE)


async def turn_over(days: int) -> None:
    async with db.begin() as session:
        today = (await ask_time(session)).date()
        await make_partitions(session, today)
    oldest = today - timedelta(days=days)
    async with db.begin() as session:
        await drop_partitions(session, oldest)
    after: int | None = 0
    while after is not None:
        async with db.begin() as session:
            after = await remove_old_results(session, oldest, after=after)
        await asyncio.sleep(BREATH)
