"""Where what is cached lies: in this process, or in Redis for all of them."""

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from time import monotonic
from typing import cast

from redis.asyncio import Redis

from quartapp.remote import Remote

ENTRIES = 10_000
PATIENCE = 0.25  # s for Redis to find something
AWAY, BACK = "nothing is found in the cache", "the cache is the one of all processes again"


class Memory:
    """What was used last, up to so many entries and bytes."""

    def __init__(self, size: int, entries: int = ENTRIES) -> None:
        self.size, self.entries = size, entries
        self.kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # until when, too
        self.used = 0

    def find(self, key: str) -> bytes | None:
        value, until = self.kept.get(key, (None, 0.0))
        if value is None:
            return None
        if until <= monotonic():
            self.drop(key)
            return None
        self.kept.move_to_end(key)
        return value

    def put(self, key: str, value: bytes, timeout: float) -> None:
        self.drop(key)
        self.kept[key] = value, monotonic() + timeout
        self.used += measure(key, value)
        while self.used > self.size or len(self.kept) > self.entries:
            self.drop(next(iter(self.kept)))

    def drop(self, key: str) -> bool:
        value, _ = self.kept.pop(key, (None, 0.0))
        self.used -= 0 if value is None else measure(key, value)
        return value is not None

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self.find(key) for key in keys]

    async def set(self, key: str, value: bytes, timeout: float) -> None:
        self.put(key, value, timeout)

    async def add(self, key: str, value: bytes, timeout: float) -> bool:
        if self.find(key) is not None:
            return False
        self.put(key, value, timeout)
        return True

    async def delete(self, key: str) -> bool:
        return self.drop(key)

    async def close(self) -> None:
        self.kept.clear()
        self.used = 0


def measure(key: str, value: bytes) -> int:
    return len(key) + len(value)


class Shared:
    """Redis; one that is away finds nothing and keeps nothing."""

    def __init__(self, url: str) -> None:
        self.remote = Remote(url, patience=PATIENCE, away=AWAY, back=BACK)
        self.redis = Redis(connection_pool=self.remote.pool)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found = await self.remote.ask(lambda: self.redis.mget(keys))
        return [None] * len(keys) if found is None else cast(list[bytes | None], found)

    async def set(self, key: str, value: bytes, timeout: float) -> None:
        await self.remote.ask(lambda: self.redis.set(key, value, px=ceil(timeout * 1000)))

    async def add(self, key: str, value: bytes, timeout: float) -> bool:
        px = ceil(timeout * 1000)
        return bool(await self.remote.ask(lambda: self.redis.set(key, value, px=px, nx=True)))

    async def delete(self, key: str) -> bool:
        return bool(await self.remote.ask(lambda: self.redis.delete(key)))

    async def close(self) -> None:
        await self.remote.close()
