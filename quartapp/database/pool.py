"""The pool of connections, fair: who has waited longest gets the next one.

Nobody waits for longer than the time limit, however often they are woken in vain, and to open a
connection one has what is left of it.

SQLAlchemy's own gives one that came back to whoever asks at that moment, and puts those who waited
for it at the end of the line again. With hundreds of requests some wait for seconds while others
are served again and again, and fail at the time limit. And it leaves those who wait in the dark
when a connection could not be made, until their time is up.
"""

import asyncio
from collections import deque
from contextvars import ContextVar
from time import monotonic
from typing import Any, Literal

from sqlalchemy.exc import TimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty

Item = ConnectionPoolEntry
EARLY = 0.05  # s that a timer of the loop may be
OPENING = 1.0  # s to open a connection, also for who has waited for all of their time

_until: ContextVar[float] = ContextVar("until")  # by the monotonic clock, of who waits


def find_rest() -> float:
    """Return for how many seconds more who asks for a connection may wait."""
    return _until.get() - monotonic()


def find_time_to_open() -> float:
    return max(find_rest(), OPENING)


class FairQueue(AsyncAdaptedQueue[Item]):
    """What the pool keeps its connections in, and a line of those who wait for one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waiting: deque[asyncio.Future[Item]] = deque()

    def put_nowait(self, item: Item) -> None:
        if waiter := self.find_next():
            waiter.set_result(item)
        else:
            super().put_nowait(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Item:
        try:
            return self.get_nowait()
        except Empty:
            if not block:
                raise
        item: Item = await_only(self.wait(find_rest()))
        return item

    async def wait(self, timeout: float | None) -> Item:  # noqa: ASYNC109 - as SQLAlchemy names it
        waiter: asyncio.Future[Item] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)
        except asyncio.CancelledError:
            if not waiter.cancel():
                self.pass_on(waiter)  # it came too late for who has gone
            raise
        if waiter.cancel():
            raise Empty
        return waiter.result()

    def pass_on(self, waiter: asyncio.Future[Item]) -> None:
        if waiter.exception():
            self.wake()
        else:
            self.put_nowait(waiter.result())

    def find_next(self) -> asyncio.Future[Item] | None:
        while self.waiting:
            if not (waiter := self.waiting.popleft()).done():
                return waiter
        return None

    def wake(self) -> None:
        """Let the next one see for itself: there is room for another connection."""
        if waiter := self.find_next():
            waiter.set_exception(Empty())


class FairPool(AsyncAdaptedQueuePool):
    __module__ = "sqlalchemy.pool"  # names its logger, which says no more than SQLAlchemy's own
    _queue_class = FairQueue
    _pool: FairQueue

    def connect(self) -> PoolProxiedConnection:
        token = _until.set(monotonic() + self._timeout)
        try:
            return super().connect()
        finally:
            _until.reset(token)

    def _do_get(self) -> Item:
        while True:
            try:
                return super()._do_get()
            except TimeoutError:
                if find_rest() <= EARLY:
                    raise
                # It was woken for a place that somebody else has by now: it waits on.

    def _dec_overflow(self) -> Literal[True]:
        done = super()._dec_overflow()
        self._pool.wake()
        return done
