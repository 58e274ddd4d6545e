"""A connection that is opened by us alone, and what may come over it before a body."""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import ClientConnectionResetError, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage
from multidict import CIMultiDictProxy
from yarl import URL

MAX_HEAD = 64 * 1024  # bytes of all headers, those of 1xx answers too
MAX_LINE = 32 * 1024  # of a single header: policies may be long
MAX_LINES = 256
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer whose headers are here; its content is unpacked as it is read."""

    status: int
    headers: CIMultiDictProxy[str]
    content: StreamReader


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

    async def ask(self, request: bytes) -> Response:
        """Send a request, once, and return the answer to it when its headers are here."""
        self.set_response_params(
            read_until_eof=True,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_LINES,
        )
        if not self.is_connected():
            raise ClientConnectionResetError("closed")
        self.wire.write(request)
        message, content = await self.read()
        while message.code < 200 and message.code != 101:
            message, content = await self.read()
        return Response(message.code, message.headers, content)

    def _refuse(self) -> None:
        self._buffer.clear()
        self.set_exception(BadHttpMessage("the headers are too long"))
        if self.transport is not None:
            self.transport.abort()


def write_head(method: str, url: URL, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request as it is sent; ValueError where a value would end its line."""
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.host_port_subcomponent}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any(CONTROL.search(line) for line in lines):
        raise ValueError("control-character")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


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
