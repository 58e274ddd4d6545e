"""Names to addresses, in threads of their own: one that hangs holds up nobody."""

import asyncio
import socket
from asyncio import AbstractEventLoop, Future, Semaphore
from collections.abc import Callable
from ipaddress import ip_address
from threading import Thread
from typing import Any

from quartapp.models.address import Address

THREADS = 128

Lookup = Callable[..., list[Any]]  # as socket.getaddrinfo


class Names:
    """Asks the system for addresses.

    A lookup cannot be stopped. So a thread is no longer waited for when its caller has left, keeps
    its place among the *threads* until it ends by itself, and does not hold up the exit.
    """

    def __init__(self, lookup: Lookup = socket.getaddrinfo, threads: int = THREADS) -> None:
        self._lookup = lookup
        self._places = Semaphore(threads)

    async def take_place(self) -> None:
        await self._places.acquire()

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Return the addresses of *host*, each once; the caller has taken a place for it."""
        loop = asyncio.get_running_loop()
        found: Future[list[Any]] = loop.create_future()
        try:
            Thread(
                target=self._work, args=(loop, found, host, port), name="lookup", daemon=True
            ).start()
        except BaseException:
            self._places.release()
            raise
        rows = await found
        return list(dict.fromkeys(ip_address(row[4][0]) for row in rows))

    def _work(
        self, loop: AbstractEventLoop, found: Future[list[Any]], host: str, port: int
    ) -> None:
        rows: list[Any] = []
        failure: Exception | None = None
        try:
            rows = self._lookup(host, port, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            failure = error
        try:
            loop.call_soon_threadsafe(self._finish, found, rows, failure)
        except RuntimeError:  # the loop was closed meanwhile
            return

    def _finish(self, found: Future[list[Any]], rows: list[Any], failure: Exception | None) -> None:
        self._places.release()
        if found.done():
            return
        if failure is None:
            found.set_result(rows)
        else:
            found.set_exception(failure)
