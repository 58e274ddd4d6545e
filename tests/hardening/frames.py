"""Web sockets frame by frame, as a client must not write them, too."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.hardening.talk import open_connection
from tests.outside import Address

MORE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"mask"
PATIENCE = 30.0
HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"
)

Frame = tuple[int, bytes]  # what came


def write_frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    size = len(data)
    length = size if size < 126 else 126 if size < 65_536 else 127
    more = {126: struct.pack("!H", size & 0xFFFF), 127: struct.pack("!Q", size)}.get(length, b"")
    head = bytes([fin << 7 | rsv << 4 | opcode, masked << 7 | length])
    return head + more + (MASK + mask(data) if masked else data)


def mask(data: bytes) -> bytes:
    key = int.from_bytes((MASK * (len(data) // 4 + 1))[: len(data)])
    return (int.from_bytes(data) ^ key).to_bytes(len(data))


def write_pieces(opcode: int, data: bytes, size: int) -> bytes:
    """Write a message in frames of so many bytes."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
    last = len(pieces) - 1
    return b"".join(
        write_frame(MORE if number else opcode, piece, fin=number == last)
        for number, piece in enumerate(pieces)
    )


def write_close(code: int = 1000, reason: bytes = b"") -> bytes:
    return write_frame(CLOSE, struct.pack("!H", code) + reason)


class Peer:
    """A client's end, which is open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read_frame(self) -> Frame | None:
        """Return what comes next but the server's own pings; None: the end of the connection."""
        try:
            async with asyncio.timeout(PATIENCE):
                first, second = await self.reader.readexactly(2)
                size = second & 127
                if size > 125:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
                frame = first & 15, await self.reader.readexactly(size)
                return await self.read_frame() if frame == (PING, b"") else frame
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def read_frames(self, most: int | None = None) -> list[Frame]:
        """Return so many frames, or all, until a close or the end."""
        frames: list[Frame] = []
        while len(frames) != most and (frame := await self.read_frame()) is not None:
            frames.append(frame)
            if frame[0] == CLOSE:
                break
        return frames


@asynccontextmanager
async def shaking_hands(
    address: Address, target: str = "/hardening/echo", more: bytes = b""
) -> AsyncIterator[Peer]:
    reader, writer = await open_connection(address)
    try:
        writer.write(HANDSHAKE % (target.encode(), more))
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert b"sec-websocket-extensions" not in head.lower()
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()
