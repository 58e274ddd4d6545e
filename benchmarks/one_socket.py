"""The client's end of a web socket, at so little cost that thousands fit into one process."""

import asyncio
import json
from functools import lru_cache
from itertools import cycle, islice
from typing import Any, cast

AT_ONCE = 50  # handshakes
PATH = "/api/v1/live"
PING, PONG = b"\x89\0", b"\x8a\x80\0\0\0\0"
TEXT, SHORT, LONG = 0x81, 126, 127  # how a whole frame of text begins, and how its length is told


@lru_cache(maxsize=64)
def read_message(payload: bytes) -> dict[str, Any]:
    """Read what all sockets are told; once."""
    message: dict[str, Any] = json.loads(payload)
    return message


class Ear(asyncio.Protocol):
    """A socket that notes the ids of the events it hears, and anything else by its name."""

    def __init__(self, port: int, token: str) -> None:
        self.asked = (
            f"GET {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        self.data = b""
        self.heard: list[int | str] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self.transport.write(self.asked)

    def data_received(self, data: bytes) -> None:
        self.data += data
        if not self.opened.done():
            self.read_head()
        while self.opened.done() and (message := self.take()):
            if message["event"] != "heartbeat":
                self.heard.append(message["id"] if "title" in message else message["event"])

    def read_head(self) -> None:
        head, end, rest = self.data.partition(b"\r\n\r\n")
        if end and not head.startswith(b"HTTP/1.1 101"):
            self.opened.set_exception(ConnectionRefusedError(head.decode("latin1")))
        if end and (first := self.take_from(rest)):
            assert first["event"] == "connected", first
            self.opened.set_result(None)

    def take_from(self, rest: bytes) -> dict[str, Any] | None:
        """Take the first message, if it is there; else what came is kept."""
        kept, self.data = self.data, rest
        first = self.take()
        self.data = self.data if first else kept
        return first

    def take(self) -> dict[str, Any] | None:
        """Take the next whole message out of what came, and answer pings before it."""
        while self.data[:2] == PING:
            self.data = self.data[2:]
            self.transport.write(PONG)
        if len(self.data) < 4:
            return None
        length, start = self.data[1], 2
        assert (self.data[0], length < LONG) == (TEXT, True), self.data[:80]
        if length == SHORT:
            length, start = int.from_bytes(self.data[2:4]), 4
        end = start + length
        if len(self.data) < end:
            return None
        payload, self.data = self.data[start:end], self.data[end:]
        return read_message(payload)

    def connection_lost(self, _error: Exception | None) -> None:
        self.heard.append("closed")
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError())

    def hang_up(self) -> None:
        self.transport.abort()


async def open_ears(port: int, tokens: list[str], count: int) -> list[Ear]:
    """Open so many sockets, a few at once, with these tokens in turn."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def open_one(token: str) -> Ear:
        async with gate:
            _, ear = await loop.create_connection(lambda: Ear(port, token), "127.0.0.1", port)
            await ear.opened
            return ear

    return await asyncio.gather(*map(open_one, islice(cycle(tokens), count)))
