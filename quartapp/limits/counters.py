"""Where hits are counted: in Redis for all processes, here while it is away."""

from math import ceil
from time import time
from typing import Any, NamedTuple

from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool

from quartapp.limits.memory import Memory
from quartapp.limits.rules import Rule
from quartapp.remote import Remote

PATIENCE = 0.5  # s for Redis to count a hit
AWAY = "each process limits by itself"
BACK = "the limits are those of all processes again"
PREFIX = "quartapp"


class Verdict(NamedTuple):
    """What became of a hit."""

    rule: Rule
    is_allowed: bool
    remaining: int
    wait: int  # s until there is more


class Counters:
    """Count in Redis; when it is away, here."""

    def __init__(self, redis_url: str) -> None:
        self.local = Memory()
        self.remote = make_remote(redis_url) if redis_url else None
        self.shared = make_shared(self.remote.pool) if self.remote else None

    async def count(self, rule: Rule, key: str) -> Verdict:
        shared = await self.count_shared(rule, key) if self.shared else None
        return shared or count_here(self.local, rule, key)

    async def count_shared(self, rule: Rule, key: str) -> Verdict | None:
        """Return what all processes together say; None without a Redis that answers."""
        if self.remote is None or (shared := self.shared) is None:
            return None
        return await self.remote.ask(lambda: count_in(shared, rule, key))

    async def close(self) -> None:
        if self.remote is not None:
            await self.remote.close()


def count_here(memory: Memory, rule: Rule, key: str) -> Verdict:
    name, limit, expiry = f"{rule.name}/{key}", rule.allows.amount, rule.allows.get_expiry()
    is_allowed = memory.acquire(name, limit, expiry)
    start, count = memory.find_window(name, expiry)
    return Verdict(rule, is_allowed, limit - count, max(ceil(start + expiry - time()), 1))


async def count_in(limiter: MovingWindowRateLimiter, rule: Rule, key: str) -> Verdict:
    is_allowed = await limiter.hit(rule.allows, rule.name, key)
    reset, remaining = await limiter.get_window_stats(rule.allows, rule.name, key)
    return Verdict(rule, is_allowed, max(remaining, 0), max(ceil(reset - time()), 1))


def make_remote(url: str) -> Remote:
    return Remote(url, patience=PATIENCE, away=AWAY, back=BACK)


def make_shared(pool: BlockingConnectionPool) -> MovingWindowRateLimiter:
    options: dict[str, Any] = {"connection_pool": pool, "key_prefix": PREFIX}
    storage = RedisStorage("async+redis://", implementation="redispy", **options)
    return MovingWindowRateLimiter(storage)
