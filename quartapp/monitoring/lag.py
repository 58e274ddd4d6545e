"""Was this process too busy to measure? Then what it measured says nothing about the site."""

import asyncio
from collections import deque
from time import monotonic

STEP = 0.1  # s between two measurements
LIMIT = 0.5  # s that the event loop may be late
KEPT = 600  # measurements: those of a minute


class LagMeter:
    """Remembers when the event loop was late last, and how late it was lately."""

    def __init__(self) -> None:
        self.late_at = float("-inf")
        self.lags: deque[float] = deque(maxlen=KEPT)

    def was_late_since(self, moment: float) -> bool:
        return self.late_at >= moment

    @property
    def worst(self) -> float:
        """Seconds that it was late at most, within a minute."""
        return max(self.lags, default=0.0)

    async def run(self) -> None:
        while True:
            before = monotonic()
            await asyncio.sleep(STEP)
            lag = monotonic() - before - STEP
            self.lags.append(max(0.0, lag))
            if lag > LIMIT:
                self.late_at = monotonic()
