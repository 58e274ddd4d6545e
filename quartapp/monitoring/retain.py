"""Results come and go by days: room for the next ones is made, and the old ones go."""

import asyncio
import logging
from datetime import timedelta

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.services.claim import ask_time
from quartapp.services.retention import drop_partitions, make_partitions, remove_old_results

PAUSE = 3600.0  # s between two rounds
BREATH = 0.1  # s for others, between two steps of a round

logger = logging.getLogger(__name__)


async def keep_results(days: int) -> None:
    """Keep the results of so many days, round after round; what goes wrong is tried again."""
    while True:
        try:
            await turn_over(days)
        except Exception as error:
            known = classify(error)
            trouble = None if known else error
            logger.warning("Old results stay: %s", known or "see below", exc_info=trouble)
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
