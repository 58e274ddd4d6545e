"""Floods, bombs and peers that stop: the process grows little, and keeps nothing of them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, suppress
from multiprocessing import get_context
from pathlib import Path

import pytest

from quartapp.serve import SERVERS
from tests.hardening.frames import (
    BINARY,
    HANDSHAKE,
    MORE,
    PING,
    Peer,
    shaking_hands,
    write_frame,
)
from tests.hardening.pace import ask_for
from tests.hardening.standing import Stand
from tests.hardening.talk import open_connection
from tests.outside import Address, ask

pytestmark = [pytest.mark.sockets, pytest.mark.parametrize("stand", SERVERS[:1], indirect=True)]
PIECE = bytes(65_536)
FLOOD = 20.0  # MiB that each of the flooding clients tries to send
SECONDS = 2.0  # for which it tries
FLOODS = 10  # at once
MOST = 32.0  # MiB that the process may grow
ABORTS = 1000
PATIENCE = 30.0
SLACK = {"files": 40}  # of the connections to the database, which stay open in the pool
STATUS = "/proc/{}/status"

Record = Callable[[str, object], None]


def read_memory(stand: Stand, name: str) -> float:
    """Return MiB."""
    lines = Path(STATUS.format(stand.program.pid)).read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def read_holds(stand: Stand) -> dict[str, int]:
    holds: dict[str, int] = json.loads(ask(stand.direct, "/hardening/holds").body)
    return holds


async def wait_for_holds(stand: Stand, before: dict[str, int]) -> None:
    """Wait until the process holds no more than before."""
    end = time.monotonic() + PATIENCE
    while more := {
        n: now for n, now in read_holds(stand).items() if now > before[n] + SLACK.get(n, 0)
    }:
        assert time.monotonic() < end, (more, before)
        await asyncio.sleep(0.1)


@pytest.fixture
async def held(stand: Stand, record_property: Record) -> AsyncIterator[None]:
    """See what the process grows by, and that it gives all back."""
    await leave_halfway(stand.direct, 0)  # so that all is loaded
    before, start = read_holds(stand), read_memory(stand, "VmRSS")
    Path(f"/proc/{stand.program.pid}/clear_refs").write_text("5")
    yield
    await wait_for_holds(stand, before)
    growth = read_memory(stand, "VmHWM") - start
    record_property(f"sockets: MiB that {stand.name} grew", round(growth, 1))
    assert growth < MOST
    assert "Traceback" not in stand.program.output()


@pytest.fixture(scope="module")
def asker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(ask_for, Path("/"), 0.0).exception()  # so that it is there
        yield pool


# --- floods --------------------------------------------------------------------------------------


async def pour(peer: Peer, frame: bytes) -> None:
    """Send as much as is taken of what is wanted, and read nothing."""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(SECONDS):
            for _ in range(int(FLOOD * 1024 * 1024 / len(frame)) + 1):
                peer.writer.write(frame)
                await peer.writer.drain()


FRAMES = {
    "messages": write_frame(BINARY, PIECE),
    "pings": write_frame(PING, b"a" * 125) * 500,
    "pieces": write_frame(MORE, PIECE, fin=False),
    "empty pieces": write_frame(MORE, b"", fin=False) * 10_000,
    "small messages": write_frame(BINARY, b"a") * 1000,
}


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("kind", FRAMES)
async def test_flood_costs_no_memory_and_nobody_their_answer(
    stand: Stand, kind: str, asker: ProcessPoolExecutor, record_property: Record
) -> None:
    loop = asyncio.get_running_loop()
    quiet = await loop.run_in_executor(asker, ask_for, stand.direct, SECONDS / 2)
    async with AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(shaking_hands(stand.direct)) for _ in range(FLOODS)
        ]
        for peer in peers:
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
            if "pieces" in kind:
                peer.writer.write(write_frame(BINARY, b"", fin=False))
        floods = asyncio.gather(*(pour(peer, FRAMES[kind]) for peer in peers))
        flooded = await loop.run_in_executor(asker, ask_for, stand.direct, SECONDS / 2)
        await floods
    record_property(f"sockets: p99 beside {kind} on {stand.name}, times", round(flooded / quiet, 1))


@pytest.mark.usefixtures("held")
async def test_deflate_is_not_spoken_so_that_no_bomb_unfolds(stand: Stand) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    for address in (stand.direct, stand.proxied):
        async with shaking_hands(address, more=offer) as peer:
            peer.writer.write(write_frame(BINARY, b"a" * 1000, rsv=4))
            assert await peer.read_frame() in (None, (8, b""), (8, b"\3\xea"))


@pytest.mark.usefixtures("held")
async def test_many_connections_that_say_nothing_more_are_given_back(
    stand: Stand, record_property: Record
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(200):
            await stack.enter_async_context(shaking_hands(stand.direct))
    record_property(f"sockets: opened and left on {stand.name}", 200)


# --- requests that are left ----------------------------------------------------------------------

LEFT = (
    b"GET /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/entities HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3,
    b"POST /hardening/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc",
    b"GET /status/ HTTP/1.1\r\nHost: localhost\r\n",
    HANDSHAKE % (b"/hardening/echo", b""),
    HANDSHAKE % (b"/api/v1/live", b""),
)


async def leave_halfway(address: Address, number: int) -> None:
    _, writer = await open_connection(address)
    writer.write(LEFT[number % len(LEFT)])
    await asyncio.sleep(number % 10 / 1000)
    writer.transport.abort()


@pytest.mark.usefixtures("held")
async def test_requests_that_are_left_halfway_leave_nothing(
    stand: Stand, record_property: Record
) -> None:
    for start in range(0, ABORTS, 50):
        await asyncio.gather(*(leave_halfway(stand.direct, start + n) for n in range(50)))
    record_property(f"sockets: requests left halfway on {stand.name}", ABORTS)
