"""What clients do all day, all at once: they read, comment, look at pages and keep sockets open."""

import asyncio
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wsproto.events import CloseConnection

from benchmarks.fill import SITES
from benchmarks.load import find_wrk
from benchmarks.works import HOST
from tests.wire import SocketClient, open_socket, shake_hands

CLIENTS, SOCKETS = 64, 20
TRIES, TRY_SECONDS = 2, 5
AGAIN = 0.05  # s before a socket that was refused asks again
SCRIPT = """\
wrk.headers["Host"] = "{host}"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
local threads = {{}}
written, refused = 0, 0
function setup(thread) table.insert(threads, thread) end
function init(arguments) math.randomseed(tonumber(arguments[1])) end
function delay() return math.random(0, 2 * {rest}) end
function request()
  local dice, entity = math.random(100), "/api/v1/entities/" .. math.random({sites})
  if dice <= 60 then return wrk.format("GET", entity) end
  if dice <= 75 then return wrk.format("GET", "/api/v1/entities?page=" .. math.random(20)) end
  if dice <= 85 then return wrk.format("GET", entity .. "/usability") end
  if dice <= 90 then return wrk.format("GET", "/entities/?page=" .. math.random(20)) end
  return wrk.format("POST", entity .. "/comments", nil, '{{"body":"It answers."}}')
end
function response(status)
  if status == 201 then written = written + 1 elseif status ~= 200 then refused = refused + 1 end
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    threads[1]:get("written"), threads[1]:get("refused") + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""


@dataclass(frozen=True)
class Figures:
    """Of all requests together; times in ms."""

    requests: int
    seconds: float
    written: int
    failed: int
    p50: float
    p99: float
    longest: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rate": round(self.rate, 1)}


@dataclass
class Load:
    """A run of wrk, which rests so many ms on average between an answer and the next request."""

    url: str
    token: str
    folder: Path
    rest: float = 0

    def run(self, seconds: float) -> Figures:
        with self.running() as wrk:
            time.sleep(seconds)
        return self.read(wrk)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """Ask until the block ends; `read` then tells what came of it."""
        script = self.folder / "mixed.lua"
        values = {"host": HOST, "token": self.token, "rest": round(self.rest), "sites": SITES}
        script.write_text(SCRIPT.format(**values))
        options = ["-t1", f"-c{CLIENTS}", "-d24h", "--timeout=30s", "-s", str(script)]
        command = [find_wrk(), *options, self.url, "--", str(random.randrange(2**31))]
        wrk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield wrk
        finally:
            wrk.send_signal(signal.SIGINT)

    def read(self, wrk: subprocess.Popen[str]) -> Figures:
        said, _ = wrk.communicate(timeout=60)
        found = [line for line in said.splitlines() if line.startswith("RESULT")]
        if not found:
            sys.exit(f"wrk said: {said}")
        requests, duration, written, failed, *times = map(int, found[0].split()[1:])
        return Figures(requests, duration / 1e6, written, failed, *(one / 1000 for one in times))

    def halve(self, full: Figures) -> "Load":
        """Return the same at half of the rate of *full*; how long to rest is found by trying."""
        half = Load(self.url, self.token, self.folder)
        wanted = 1000 * CLIENTS / (full.rate / 2)  # ms from one request of a client to its next
        half.rest = wanted - full.p50 / 2
        for _ in range(TRIES):
            half.rest += wanted - 1000 * CLIENTS / half.run(TRY_SECONDS).rate
        return half


@dataclass
class Listeners:
    """Sockets that are opened again as soon as they are closed."""

    port: int
    token: str
    gaps: list[float] = field(default_factory=list)  # s from a close to the next greeting
    enough: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self.listen()))
        thread.start()
        try:
            yield
        finally:
            self.enough.set()
            thread.join()

    async def listen(self) -> None:
        tasks = [asyncio.create_task(self.keep_open()) for _ in range(SOCKETS)]
        await asyncio.to_thread(self.enough.wait)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(result, asyncio.CancelledError):
                raise result or AssertionError("it ended by itself")

    async def keep_open(self) -> None:
        header = (b"Authorization", f"Bearer {self.token}".encode())
        lost = 0.0
        try:
            while True:
                with suppress(OSError, AssertionError, TimeoutError):  # refused, or cut off
                    async with open_socket(self.port, "/api/v1/live", header) as client:
                        await shake_hands(client)
                        await client.hear()
                        self.note_gap(lost)
                        lost = 0.0
                        await wait_for_close(client)
                lost = lost or time.monotonic()
                await asyncio.sleep(AGAIN)
        finally:
            self.note_gap(lost)

    def note_gap(self, lost: float) -> None:
        if lost:
            self.gaps.append(time.monotonic() - lost)


async def wait_for_close(client: SocketClient) -> None:
    while True:
        with suppress(TimeoutError):  # nothing happens for long
            event = await client.next()
            if isinstance(event, CloseConnection):
                await client.send(event.response())
                return
