"""How many may ask the same one at once."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Lanes:
    """So many at once for each key; whoever comes later waits, first come, first served."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lanes: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(key, Semaphore(self._width))
        async with lane:
            yield

    def is_full(self, key: str) -> bool:
        return key in self._lanes and self._lanes[key].locked()

    def __len__(self) -> int:
        """Return how many keys are held or waited for."""
        return len(self._lanes)
