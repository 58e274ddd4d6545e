"""The pool of connections, fair: who has waited longest gets the next one.

SQLAlchemy's own gives one that came back to whoever asks at that moment, and puts those who waited
for it at the end of the line again. With hundreds of requests some wait for seconds while others
are served again and again, and fail at the time limit. And it leaves those who wait in the dark
when a connection could not be made, until their time is up.
"""

import asyncio
from collections import deque
from time import monotonic
from typing import Any, Literal

from sqlalchemy.exc import TimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty

Item = ConnectionPoolEntry
EARLY = 0.05  # s that a timer of the loop may be


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
        item: Item = await_only(self.wait(timeout))
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

    def _do_get(self) -> Item:
        end = monotonic() + self._timeout - EARLY
        while True:
            try:
                return super()._do_get()
            except TimeoutError:
                if monotonic() >= end:
                    raise
                # It was woken for a place that somebody else has by now: it waits on.

    def _dec_overflow(self) -> Literal[True]:
        done = super()._dec_overflow()
        self._pool.wake()
        return done
