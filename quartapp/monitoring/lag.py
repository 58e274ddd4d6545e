"""Was this process too busy to measure? Then what it measured says nothing about the site."""

import asyncio
from time import monotonic

STEP = 0.1  # s between two measurements
LIMIT = 0.5  # s that the event loop may be late


class LagMeter:
    """Remembers when the event loop was late last."""

    def __init__(self) -> None:
        self.late_at = float("-inf")

    def was_late_since(self, moment: float) -> bool:
        return self.late_at >= moment

    async def run(self) -> None:
        while True:
            before = monotonic()
            await asyncio.sleep(STEP)
            if monotonic() - before - STEP > LIMIT:
                self.late_at = monotonic()
