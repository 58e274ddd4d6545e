"""150 clients that say and hear a byte a second: nginx waits for them, and nobody else does."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from quartapp.serve import SERVERS
from tests.hardening.standing import Stand
from tests.hardening.talk import ask_alive, hear, open_connection
from tests.outside import Address

pytestmark = [pytest.mark.raw, pytest.mark.parametrize("stand", SERVERS[:1], indirect=True)]
EACH = 50
ASKED = 200
PAUSE = 1.0  # s between two bytes; nginx gives a header 10 s in all, a body 10 s for each piece
HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: "
BODY = b"POST /hardening/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
READ = b"GET /static/app.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20


@asynccontextmanager
async def dripping(address: Address, first: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Send the *first* bytes, then one more each second, and read nothing."""
    reader, writer = await open_connection(address)
    writer.write(first)

    async def drip() -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(PAUSE)
                writer.write(b"a")
                await writer.drain()

    task = asyncio.create_task(drip())
    try:
        yield reader
    finally:
        task.cancel()
        writer.transport.abort()


async def test_slow_clients_take_nothing_from_others(
    stand: Stand, record_property: Callable[[str, object], None]
) -> None:
    quiet = await ask_often(stand.proxied)
    async with AsyncExitStack() as stack:
        heads, *_ = [
            [await stack.enter_async_context(dripping(stand.proxied, first)) for _ in range(EACH)]
            for first in (HEAD, BODY, READ)
        ]
        besieged = await ask_often(stand.proxied)
        async with asyncio.timeout(60):
            ends = [await read_end(reader) for reader in heads]

    assert {end[:13] for end in ends} <= {b"", b"HTTP/1.1 408 "}
    record_property("raw: slow clients at once", 3 * EACH)
    record_property("raw: p99 of others beside slow clients, times", round(besieged / quiet, 2))


async def read_end(reader: asyncio.StreamReader) -> bytes:
    with suppress(ConnectionResetError):  # `reset_timedout_connection`
        return await reader.read()
    return b""


async def ask_often(address: Address) -> float:
    """Ask many times, each time answered; return the 99th percentile of the seconds."""
    took = []
    for number in range(ASKED):
        reader, writer = await open_connection(address)
        start = time.monotonic()
        writer.write(ask_alive(f"innocent-{number}"))
        heard = await hear(reader, 30, f"innocent-{number}")
        took.append(time.monotonic() - start)
        writer.close()
        assert [answer.status for answer in heard.answers] == [200]
    return sorted(took)[int(len(took) * 0.99)]
