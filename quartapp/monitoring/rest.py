"""Sites rest while they have a window of maintenance."""

import asyncio

from quartapp.extensions import db
from quartapp.monitoring.trouble import report_trouble
from quartapp.services.claim import ask_time
from quartapp.services.maintenance import find_resting, keep_windows

PAUSE = 5.0  # s between two looks at the clock


async def keep_resting() -> None:
    while True:
        moved = 0
        try:
            async with db.read() as session:  # long, maybe, and SQLite has one writer
                resting = await find_resting(session, await ask_time(session))
            async with db.begin() as session:
                moved = await keep_windows(session, resting, await ask_time(session))
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, "Windows of maintenance are looked at later")
        await asyncio.sleep(0 if moved else PAUSE)
