"""Hits that are counted in Redis, for all processes together."""

from math import ceil
from time import time
from typing import Any

from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool

from quartapp.limits.rules import Rule, Verdict
from quartapp.remote import Remote

PREFIX = "quartapp"


class SharedCounters:
    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.limiter = make_limiter(remote.pool)

    async def count(self, rule: Rule, key: str) -> Verdict | None:
        """Return what all processes together say; None without a Redis that answers."""
        return await self.remote.ask(lambda: count_in(self.limiter, rule, key))


async def count_in(limiter: MovingWindowRateLimiter, rule: Rule, key: str) -> Verdict:
    is_allowed = await limiter.hit(rule.allows, rule.name, key)
    reset, remaining = await limiter.get_window_stats(rule.allows, rule.name, key)
    return Verdict(rule, is_allowed, max(remaining, 0), max(ceil(reset - time()), 1))


def make_limiter(pool: BlockingConnectionPool) -> MovingWindowRateLimiter:
    options: dict[str, Any] = {"connection_pool": pool, "key_prefix": PREFIX}
    storage = RedisStorage("async+redis://", implementation="redispy", **options)
    return MovingWindowRateLimiter(storage)
