"""A Redis that may be away: asked briefly, and after a failure not before a look finds it back.

An application has one, for all that count or cache: who finds it away first spares the others the
wait. Its package costs each process 20 MB, and is loaded only where REDIS_URL is set: with this
module, `limits.shared` and `cache.shared`, which nobody else imports by a statement.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context
from time import monotonic
from typing import Any, TypeVar

from quart import Quart
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

T = TypeVar("T")

logger = logging.getLogger(__name__)
ANSWER = 0.25  # s for Redis to answer a command
PATIENCE = 0.3  # s for all that one question does
PAUSE = 1.0  # s between two looks whether it is back
LOOK = 1.0  # s for a look, which no request waits for
SIGN = "quartapp:look"
CONNECTIONS = 20
# What uvloop says to who writes on a connection that the network has ended; asyncio says nothing.
CLOSED = "the handler is closed"
AWAY = "Redis is away: each process limits by itself, and finds nothing in the cache"
BACK = "Redis is back: limits and cache are those of all processes again"


def init_app(app: Quart) -> None:
    """Let all parts of *app* ask one Redis."""
    remote = app.extensions["redis"] = Remote(app.config["REDIS_URL"])
    app.after_serving(remote.close)


class Remote:
    """Redis, as long as it answers."""

    def __init__(self, url: str) -> None:
        self.pool = make_pool(url)
        self.is_away = False
        self.look_at = 0.0
        self.looking: asyncio.Task[None] | None = None

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Return what Redis says, None without one that answers."""
        if not self.may_ask():
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await question()
        except (RedisError, OSError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and CLOSED not in str(error):
                raise
            self.note_away(error)
            return None

    async def answers(self) -> bool:
        return bool(await self.ask(Redis(connection_pool=self.pool).ping))

    def may_ask(self) -> bool:
        """Tell whether to ask Redis; while it is away nobody does, and a task looks for it."""
        if self.is_away and self.looking is None and monotonic() >= self.look_at:
            # In a context of its own: this is no one request's work.
            self.looking = asyncio.create_task(self.look(), context=Context())
        return not self.is_away

    async def look(self) -> None:
        """See whether it is back, and takes what is written: not when it is full, or read-only."""
        try:
            async with asyncio.timeout(LOOK):
                # What was connected then may be dead, each one an error more.
                await self.pool.disconnect(inuse_connections=False)
                await Redis(connection_pool=self.pool).set(SIGN, b"", px=1000)
        except (RedisError, OSError, RuntimeError):  # the last as above
            self.look_at = monotonic() + PAUSE
        else:
            self.note_back()
        finally:
            self.looking = None

    def note_away(self, error: Exception) -> None:
        if not self.is_away:
            logger.warning("%s. %s", AWAY, str(error) or f"No answer in {PATIENCE} s.")
        self.is_away = True
        self.look_at = monotonic() + PAUSE

    def note_back(self) -> None:
        logger.warning("%s.", BACK)
        self.is_away = False

    async def close(self) -> None:
        if self.looking is not None:
            self.looking.cancel()
            await asyncio.wait([self.looking])
        await self.pool.aclose()


def check_url(url: str) -> None:
    """Raise ValueError for an address or an option that is none of Redis."""
    try:
        pool: Any = ConnectionPool.from_url(url)
        pool.make_connection()  # which opens nothing yet
    except (RedisError, TypeError, ValueError):
        raise ValueError("an address of Redis looks like redis://example.org:6379/0") from None


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
