"""Counts that this process keeps for itself."""

from collections import deque
from time import monotonic, time

SWEEP_SECONDS = 10.0


class Memory:
    """A moving window for each key, without a lock, a task or a thread.

    The storage of limits 5.8 looks at every key, each in a thread, after every hit.
    """

    def __init__(self) -> None:
        self.hits: dict[str, deque[float]] = {}  # of each key: when its hits cease to count
        self.sweep_at = 0.0

    def acquire(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count *amount* hits, all or none."""
        now = monotonic()
        self.sweep(now)
        hits = self.hits.setdefault(key, deque())
        drop_old(hits, now)
        if len(hits) + amount > limit:
            return False
        hits.extend([now + expiry] * amount)
        return True

    def find_window(self, key: str, expiry: int) -> tuple[float, int]:
        """Return when the oldest hit that counts was made, and how many count."""
        now = monotonic()
        hits = self.hits.get(key, deque())
        drop_old(hits, now)
        oldest = hits[0] - expiry if hits else now
        return time() - (now - oldest), len(hits)

    def sweep(self, now: float) -> None:
        """Forget, now and then, who has not come for long."""
        if now < self.sweep_at:
            return
        self.sweep_at = now + SWEEP_SECONDS
        self.hits = {key: hits for key, hits in self.hits.items() if hits and hits[-1] > now}


def drop_old(hits: deque[float], now: float) -> None:
    while hits and hits[0] <= now:
        hits.popleft()
