"""One statement for what several requests read at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Load = Callable[[AsyncSession, list[K]], Awaitable[Mapping[K, V]]]
Open = Callable[[], AbstractAsyncContextManager[AsyncSession]]

AT_ONCE = 2  # statements on their way; what is asked meanwhile waits for the next one
MOST = 64  # keys of one statement


class Sharer(Generic[K, V]):
    """Reads by key, those that wait together: the more come at once, the less each costs.

    A request never joins a statement that was sent before it came: what it reads is not older than
    the request. One that is cancelled leaves the others' statement alone.
    """

    def __init__(self, load: Load[K, V], open_session: Open) -> None:
        self.load, self.open_session = load, open_session
        self.waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """Return what *key* stands for, None if for nothing; raises what the statement did."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(key, []).append(future)
        if len(self.tasks) < AT_ONCE:
            # In a context of its own: this is no one request's work.
            task = asyncio.create_task(self.work(), context=Context())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)  # when it never began
        return await future

    async def work(self) -> None:
        try:
            while self.waiting:
                keys = list(islice(self.waiting, MOST))
                waiters = {key: self.waiting.pop(key) for key in keys}
                await self.answer(waiters)
        finally:  # at once: who comes before the loop's next turn would rely on this task
            self.tasks.discard(cast(asyncio.Task[None], asyncio.current_task()))

    async def answer(self, waiters: Mapping[K, list[asyncio.Future[V | None]]]) -> None:
        found: Mapping[K, V] = {}
        failure: BaseException | None = None
        try:
            async with self.open_session() as session:
                found = await self.load(session, list(waiters))
        except BaseException as error:  # noqa: BLE001 - is raised by all who wait
            failure = error
        for key, futures in waiters.items():
            for future in futures:
                settle(future, found.get(key), failure)
        if isinstance(failure, asyncio.CancelledError):
            raise failure


def settle(future: asyncio.Future[Any], value: Any, failure: BaseException | None) -> None:
    if future.done():  # who waited has gone
        return
    if isinstance(failure, asyncio.CancelledError):
        future.cancel()
    elif failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(value)
