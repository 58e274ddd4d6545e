"""A Valkey that dies, freezes and comes back: each process limits by itself, without an error."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from limits import parse

from quartapp import create_app
from quartapp.limits import counters as module
from quartapp.limits.counters import ANSWER, Counters
from quartapp.limits.rules import Rule
from tests.servers import Server, start_valkey
from tests.wire import until

FIVE = Rule("five", parse("5/minute"))


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    with start_valkey() as server:
        yield server


@pytest.fixture
async def counters(valkey: Server) -> Counters:
    return Counters(valkey.url)


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def count_many(counters: Counters, times: int, key: str = "a") -> tuple[int, float]:
    """Hit many times at once; return how many were allowed, and how long that took."""
    start = time.monotonic()
    verdicts = await asyncio.gather(*(counters.count(FIVE, key) for _ in range(times)))
    return [verdict.is_allowed for verdict in verdicts].count(True), time.monotonic() - start


def shorten_pause(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(module, "PAUSE", seconds)


async def test_frozen_redis_costs_one_short_wait(
    valkey: Server, counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    await counters.count(FIVE, "frozen")
    with frozen(valkey):
        allowed, first = await count_many(counters, 40)
        refused, then = await count_many(counters, 40)
    await counters.close()

    assert (allowed, refused) == (5, 0)
    assert ANSWER <= first < 5  # of 40 one after the other: 20
    assert then < first
    assert [message[:46] for message in caplog.messages] == [
        "Redis is away, each process limits by itself. "
    ]


async def test_while_redis_is_away_one_in_a_pause_looks_for_it(
    valkey: Server, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_pause(monkeypatch, 0.1)
    with frozen(valkey):
        await counters.count(FIVE, "one")
        await asyncio.sleep(0.15)
        start = time.monotonic()
        waits = [asyncio.create_task(counters.count(FIVE, "one")) for _ in range(20)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        early = [task for task in waits if task.done()]
        seconds = time.monotonic() - start
        await asyncio.wait(waits)
    await counters.close()

    assert len(early) >= 18
    assert seconds < ANSWER / 2


async def test_redis_that_thaws_counts_again(
    valkey: Server,
    counters: Counters,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shorten_pause(monkeypatch, 0.05)
    await counters.count(FIVE, "thaw")
    with frozen(valkey):
        away = await counters.count(FIVE, "thaw")
    await asyncio.sleep(0.1)
    back = [await counters.count(FIVE, "thaw") for _ in range(10)]
    await counters.close()

    # The hit that was sent into the frozen one is counted there when it thaws.
    assert (away.remaining, [verdict.is_allowed for verdict in back].count(True)) == (4, 3)
    assert caplog.messages[-1] == "Redis is back, the limits are those of all processes again."


async def test_redis_that_dies_and_comes_back_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_pause(monkeypatch, 0.05)
    with start_valkey() as server:
        counters = Counters(server.url)
        alive = await count_many(counters, 20)
        os.kill(server.pid, signal.SIGKILL)
        await until((server.folder / "exit").exists)
        dead = await count_many(counters, 20)
    await asyncio.sleep(0.1)
    with start_valkey(server.port):
        back = await count_many(counters, 1)
        rest = await count_many(counters, 20)
    await counters.close()

    assert (alive[0], dead[0], back[0], rest[0]) == (5, 5, 1, 4)
    assert dead[1] < 5


async def test_redis_that_was_never_there_is_no_error(unused_port: int) -> None:
    counters = Counters(f"redis://127.0.0.1:{unused_port}/0")

    assert (await count_many(counters, 40))[0] == 5


@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json"])
async def test_requests_are_answered_while_redis_is_frozen(valkey: Server, path: str) -> None:
    app = create_app({"TESTING": True, "RATE_LIMITS": True, "REDIS_URL": valkey.url})
    async with app.test_app():
        client = app.test_client()
        normal = await client.get(path)
        with frozen(valkey):
            start = time.monotonic()
            first = await client.get(path)
            waited = time.monotonic() - start
            others = [await client.get(path) for _ in range(10)]
            seconds = time.monotonic() - start - waited

    assert {answer.status_code for answer in (first, *others)} == {normal.status_code}
    assert "RateLimit" in first.headers
    assert waited < 5
    assert seconds < 5
