"""Bytes on the wire: a real server in this process, and clients that may send what they like."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypercorn.asyncio import serve
from quart import Quart
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from quartapp.serve import Run, ServeConfig
from quartapp.serve_hypercorn import install

PATIENCE = 10.0  # seconds for whatever has to happen
MIB = 1024 * 1024
RESET = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def serving(app: Quart, path: Path | None = None, run: Run = serve) -> AsyncIterator[int]:
    """Serve *app* on a free loopback port, or on the unix socket *path*; by hypercorn, or *run*."""
    install()
    config = ServeConfig()
    config.errorlog = None
    config.graceful_timeout = 0.2
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    config.bind = [f"unix:{path}"] if path else [f"fd://{listener.detach()}"]
    stop = asyncio.Event()
    server = asyncio.ensure_future(run(app, config, shutdown_trigger=stop.wait))
    try:
        await until(lambda: is_up(port, path))
        yield port
    finally:
        listener.close()
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await server


def is_up(port: int, path: Path | None) -> bool:
    # A listening socket takes connections before anybody serves them.
    return path.exists() if path else True


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def exchange(port: int | Path, data: bytes) -> Reply:
    """Send *data* as it is; return the answer, read until the server closes."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await connect(port)
        writer.write(data)
        reply = parse_reply(await reader.read())
        writer.close()
        return reply


async def connect(port: int | Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(port, Path):
        return await asyncio.open_unix_connection(port)
    return await asyncio.open_connection("127.0.0.1", port)


def write_request(target: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request by hand; a *body* gets its length."""
    lines = ("Host: localhost", *lines) if not any(x[:5] == "Host:" for x in lines) else lines
    lines = (*lines, f"Content-Length: {len(body)}") if body else lines
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "Connection: close", "", ""])
    return head.encode("latin1") + body


def parse_reply(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Reply(int(first.split()[1]), headers, body)


class SocketClient:
    """A web socket's client that does what it is told, not what is polite."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.protocol = WSConnection(ConnectionType.CLIENT)

    async def send(self, event: Event) -> None:
        self.writer.write(self.protocol.send(event))
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    async def next(self) -> Event:
        """Return the next event that is no ping, or a close, which is not answered."""
        async with asyncio.timeout(PATIENCE):
            while isinstance(event := next(self.protocol.events(), None), Ping | None):
                if event is None:
                    self.protocol.receive_data(await self.reader.read(MIB) or None)
                else:
                    await self.send(event.response())
            return event

    async def say(self, data: str | bytes) -> None:
        await self.send(TextMessage(data) if isinstance(data, str) else BytesMessage(data))

    async def hear(self) -> str | bytes:
        event = await self.next()
        assert isinstance(event, TextMessage | BytesMessage), event
        return event.data if isinstance(event, TextMessage) else bytes(event.data)

    async def read_close(self) -> tuple[int, str]:
        event = await self.next()
        assert isinstance(event, CloseConnection), event
        return event.code, event.reason or ""


@asynccontextmanager
async def open_socket(
    port: int | Path, target: str, *headers: tuple[bytes, bytes], subprotocols: Sequence[str] = ()
) -> AsyncIterator[SocketClient]:
    """Shake hands, and hang up without a word at the end."""
    client = SocketClient(*await connect(port))
    try:
        asked = Request(
            "localhost", target, extra_headers=list(headers), subprotocols=list(subprotocols)
        )
        await client.send(asked)
        yield client
    finally:
        client.writer.transport.abort()


async def shake_hands(client: SocketClient) -> dict[str, str]:
    event = await client.next()
    assert isinstance(event, AcceptConnection), event
    return {name.decode().lower(): value.decode() for name, value in event.extra_headers}


async def read_refusal(client: SocketClient) -> tuple[int, dict[str, str]]:
    event = await client.next()
    assert isinstance(event, RejectConnection), event
    return event.status_code, {n.decode().lower(): v.decode() for n, v in event.headers}


class Memory:
    """How far this process grows at its peak; Linux tells."""

    def __init__(self) -> None:
        if not RESET.exists():
            pytest.skip("Only Linux tells the peak of a process's memory.")
        RESET.write_text("5")
        self.start = read_memory("VmRSS")

    def growth(self) -> float:
        """Return MiB."""
        return (read_memory("VmHWM") - self.start) / 1024


def read_memory(name: str) -> int:
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(name)
