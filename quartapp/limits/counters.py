"""Where hits are counted: in Redis for all processes, here while it is away."""

import asyncio
import logging
from math import ceil
from time import monotonic, time
from typing import Any, NamedTuple

from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from quartapp.limits.memory import Memory
from quartapp.limits.rules import Rule

logger = logging.getLogger(__name__)
ANSWER, PATIENCE = 0.25, 0.5  # s for Redis to answer a command, and to count a hit
PAUSE = 5.0  # s until somebody looks whether it is back
CONNECTIONS = 20
PREFIX = "quartapp"


class Verdict(NamedTuple):
    """What became of a hit."""

    rule: Rule
    is_allowed: bool
    remaining: int
    wait: int  # s until there is more


class Counters:
    """Count in Redis; when it is away, here, and ask it again after a pause."""

    def __init__(self, redis_url: str) -> None:
        self.local = MovingWindowRateLimiter(Memory())
        self.pool = make_pool(redis_url) if redis_url else None
        self.shared = make_shared(self.pool) if self.pool else None
        self.is_away = False
        self.ask_at = 0.0

    async def count(self, rule: Rule, key: str) -> Verdict:
        return await self.count_shared(rule, key) or await count_in(self.local, rule, key)

    async def count_shared(self, rule: Rule, key: str) -> Verdict | None:
        """Return what all processes together say; None without a Redis that answers."""
        if self.shared is None or self.pool is None or not self.may_ask():
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                if self.is_away:  # what was connected then may be dead, each one an error more
                    await self.pool.disconnect(inuse_connections=False)
                verdict = await count_in(self.shared, rule, key)
        except (RedisError, OSError) as error:
            self.note_away(error)
            return None
        self.note_back()
        return verdict

    def may_ask(self) -> bool:
        """Tell whether to ask Redis; while it is away, one request in a pause does."""
        if not self.is_away:
            return True
        now = monotonic()
        if now < self.ask_at:
            return False
        self.ask_at = now + PAUSE
        return True

    def note_away(self, error: Exception) -> None:
        if not self.is_away:
            reason = str(error) or f"No answer in {PATIENCE} s."
            logger.warning("Redis is away, each process limits by itself. %s", reason)
        self.is_away = True
        self.ask_at = monotonic() + PAUSE

    def note_back(self) -> None:
        if self.is_away:
            logger.warning("Redis is back, the limits are those of all processes again.")
        self.is_away = False

    async def close(self) -> None:
        if self.pool is not None:
            await self.pool.aclose()


async def count_in(limiter: MovingWindowRateLimiter, rule: Rule, key: str) -> Verdict:
    is_allowed = await limiter.hit(rule.allows, rule.name, key)
    reset, remaining = await limiter.get_window_stats(rule.allows, rule.name, key)
    return Verdict(rule, is_allowed, max(remaining, 0), max(ceil(reset - time()), 1))


def make_pool(url: str) -> BlockingConnectionPool:
    """Return connections that are made on first use, and never tried twice."""
    # A wait of redis 8.1 may outlive its cancellation: it needs an end of its own.
    return BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=ANSWER,
        socket_timeout=ANSWER,
        socket_connect_timeout=ANSWER,
        retry=Retry(NoBackoff(), 0),
    )


def make_shared(pool: BlockingConnectionPool) -> MovingWindowRateLimiter:
    options: dict[str, Any] = {"connection_pool": pool, "key_prefix": PREFIX}
    storage = RedisStorage("async+redis://", implementation="redispy", **options)
    return MovingWindowRateLimiter(storage)
