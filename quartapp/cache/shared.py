"""What is cached in Redis, for all processes together."""

from collections.abc import Sequence
from math import ceil
from typing import cast

from redis.asyncio import Redis

from quartapp.remote import Remote


class Shared:
    """Redis; one that is away finds nothing and keeps nothing."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.redis = Redis(connection_pool=remote.pool)

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
