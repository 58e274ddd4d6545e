"""A connection that is opened by us alone, and what may come over it before a body."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.tracing import Trace

MAX_HEAD = 64 * 1024  # bytes of all headers, those of 1xx answers too
MAX_LINE = 32 * 1024  # of a single header: policies may be long
MAX_LINES = 256

_given: ContextVar["Connection"] = ContextVar("connection")


class Connection(ResponseHandler):
    """aiohttp's own protocol, which by itself would take a megabyte of headers."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.received = 0  # bytes until the end of the head, and what came along with it
        self.first_byte_at: float | None = None
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = cast(asyncio.Transport, transport)  # is known when it is lost, too
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.first_byte_at is None:
            self.first_byte_at = time.monotonic()
        if not self._is_answered:
            self.received += len(data)
        super().data_received(data)
        if not self._is_answered and self.received > MAX_HEAD:
            self._refuse()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take a message from the parser: an answer, or a 1xx one that comes before it."""
        message = data[0]
        super().feed_data(data, size)
        if message.code >= 200 or message.code == 101:
            self._is_answered = True
        if sum(len(name) + len(value) + 4 for name, value in message.raw_headers) > MAX_HEAD:
            self._refuse()

    def _refuse(self) -> None:
        self._buffer.clear()
        self.set_exception(BadHttpMessage("the headers are too long"))
        if self.transport is not None:
            self.transport.abort()


class GivenConnector(BaseConnector):
    """Asks over the connection that was made for this request, and can make none by itself."""

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        return _given.get()


@contextmanager
def give(connection: Connection) -> Iterator[None]:
    """Have the request of this block ask over *connection*."""
    token = _given.set(connection)
    try:
        yield
    finally:
        _given.reset(token)


async def speak(sock: socket.socket, tls: ssl.SSLContext | None, host: str) -> Connection:
    """Make a connection of *sock*: after a handshake where there is *tls*."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(loop),
        sock=sock,
        ssl=tls,
        server_hostname=host if tls else None,
        # Longer than our own limit, which says better what happened.
        ssl_handshake_timeout=60.0 if tls else None,
    )
    return connection
