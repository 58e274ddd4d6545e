"""A small name server on loopback, and a resolver that asks it as libc asks its own."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

PORT = "CHAOS_NAMES"  # the environment variable that names its port
TRIES, SECONDS = 2, 5.0  # as libc does unless it is told otherwise
ADDRESS = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4)  # to the name asked: A, IN, kept for 0 s
NO_NAME, BROKEN = 3, 2  # answers of RFC 1035


class Mood(Enum):
    WELL = "well"
    SILENT = "silent"
    FAILING = "failing"


@dataclass
class NameServer(asyncio.DatagramProtocol):
    find: Callable[[str], str | None]  # the address of a name
    mood: Mood = Mood.WELL
    port: int = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, client: Any) -> None:
        if self.mood is not Mood.SILENT:
            self.transport.sendto(self.answer(data), client)

    def answer(self, query: bytes) -> bytes:
        address = self.find(read_name(query))
        code = BROKEN if self.mood is Mood.FAILING else 0 if address else NO_NAME
        found = b"" if code or not address else ADDRESS + socket.inet_aton(address)
        head = struct.pack(">2sHHHHH", query[:2], 0x8180 | code, 1, bool(found), 0, 0)
        return head + query[12:] + found


def read_name(query: bytes) -> str:
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels)


@asynccontextmanager
async def serve_names(find: Callable[[str], str | None]) -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(find), ("127.0.0.1", 0)
    )
    server.port = transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        transport.close()


def look_up(host: str, port: int, **_: Any) -> list[Any]:
    """Stand in for socket.getaddrinfo."""
    for _try in range(TRIES):
        if answer := ask(host):
            code, count = answer[3] & 15, answer[7]
            if code == NO_NAME or not (code or count):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if not code:
                address = socket.inet_ntoa(answer[-4:])
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def ask(host: str) -> bytes:
    """Return the answer; nothing when none came."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    query = os.urandom(2) + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.connect(("127.0.0.1", int(os.environ[PORT])))
        try:
            sock.send(query)
            return sock.recv(512)
        except OSError:
            return b""
