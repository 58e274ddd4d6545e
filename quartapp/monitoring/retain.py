"""Results are rolled up, and come and go by days: the next ones get room, the old ones go."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

from quartapp.extensions import db
from quartapp.monitoring.trouble import report_trouble
from quartapp.services.claim import ask_time
from quartapp.services.retention import (
    count_old_results,
    drop_partitions,
    make_partitions,
    remove_old_results,
)
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
            async for _ in turn_over(days):
                await asyncio.sleep(BREATH)
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, "Old results stay")
        await asyncio.sleep(PAUSE)


async def turn_over(days: int) -> AsyncIterator[int]:
    """Go on to the days that come, and remove old results; yield how many went in each step."""
    async with db.begin() as session:
        today = (await ask_time(session)).date()
        await make_partitions(session, today)
    oldest = find_oldest(today, days)
    async with db.begin() as session:
        dropped = await drop_partitions(session, oldest)
    yield sum(dropped.values())
    after: int | None = 0
    while after is not None:
        async with db.begin() as session:
            after, removed = await remove_old_results(session, oldest, after=after)
        yield removed


async def count_surplus(days: int) -> int:
    """Return how many results `turn_over()` would remove."""
    async with db.read() as session:
        today = (await ask_time(session)).date()
        return await count_old_results(session, find_oldest(today, days))


def find_oldest(today: date, days: int) -> date:
    return today - timedelta(days=days)
