"""A Valkey that dies, freezes and comes back: each process limits by itself, without an error."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from limits import parse
from redis import Redis
from redis import asyncio as redis

from quartapp import create_app, remote
from quartapp.extensions import cache
from quartapp.limits import limit
from quartapp.limits.counters import Counters
from quartapp.limits.rules import Rule
from quartapp.remote import AWAY, BACK, Remote
from quartapp.serve import make_fast_loop
from tests.outage import frozen
from tests.servers import Server, start_valkey
from tests.wire import until

OpenCounters = Callable[[str], Counters]
FIVE = Rule("five", parse("5/minute"))
SHORT = remote.PATIENCE


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    with start_valkey() as server:
        yield server


@pytest.fixture
def counters(valkey: Server, open_counters: OpenCounters) -> Counters:
    return open_counters(valkey.url)


async def count_many(counters: Counters, times: int, key: str = "a") -> int:
    """Hit many times at once; return how many were allowed."""
    verdicts = await asyncio.gather(*(counters.count(FIVE, key) for _ in range(times)))
    return [verdict.is_allowed for verdict in verdicts].count(True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each hit asked Redis: to wait for one that is away is what hits must not do."""
    asked = []
    may_ask = Remote.may_ask

    def note(redis: Remote) -> bool:
        asked.append(may_ask(redis))
        return asked[-1]

    monkeypatch.setattr(Remote, "may_ask", note)
    return asked


def shorten_pause(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(remote, "PAUSE", seconds)


@contextmanager
def freezing(valkey: Server) -> Iterator[None]:
    """Freeze it; who asks meanwhile waits no longer than in production, whatever else they do."""
    with frozen(valkey), pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "PATIENCE", SHORT)
        yield


@pytest.mark.usefixtures("_patience")
async def test_frozen_redis_costs_one_short_wait(
    valkey: Server,
    counters: Counters,
    asked: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shorten_pause(monkeypatch, 60)
    await counters.count(FIVE, "frozen")
    with freezing(valkey):
        allowed = [await count_many(counters, 40) for _ in range(2)]

    assert allowed == [5, 0]
    assert asked == [True] * 41 + [False] * 40
    assert [message[: len(AWAY)] for message in caplog.messages] == [AWAY]


async def test_nobody_waits_while_somebody_looks_for_a_frozen_redis(
    valkey: Server, open_counters: OpenCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_pause(monkeypatch, 0.0)
    monkeypatch.setattr(remote, "LOOK", 30.0)
    monkeypatch.setattr(remote, "ANSWER", 30.0)
    counters = open_counters(valkey.url)
    with frozen(valkey):
        await counters.count(FIVE, "one")
        async with asyncio.timeout(10):
            verdicts = [await counters.count(FIVE, "one") for _ in range(20)]

    assert [verdict.is_allowed for verdict in verdicts].count(True) == 4


@pytest.mark.usefixtures("_patience")
async def test_redis_that_thaws_counts_again(
    valkey: Server,
    counters: Counters,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shorten_pause(monkeypatch, 0.05)
    await counters.count(FIVE, "thaw")
    with freezing(valkey):
        away = await counters.count(FIVE, "thaw")
    await be_found(counters, caplog)
    back = [await counters.count(FIVE, "thaw") for _ in range(10)]

    # The hit that was sent into the frozen one is counted there when it thaws.
    assert (away.remaining, [verdict.is_allowed for verdict in back].count(True)) == (4, 3)


async def be_found(counters: Counters, caplog: pytest.LogCaptureFixture) -> None:
    """Have hits of somebody else look for Redis until it is back."""
    async with asyncio.timeout(60):
        while not caplog.messages[-1].startswith(BACK):
            await counters.count(FIVE, "somebody else")
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("refuse", "allow"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ],
)
async def test_redis_that_takes_no_writes_is_away_until_it_does(
    valkey: Server,
    counters: Counters,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    refuse: str,
    allow: str,
) -> None:
    shorten_pause(monkeypatch, 0.0)
    with Redis.from_url(valkey.url) as client:
        client.execute_command(*refuse.split())
        for _ in range(20):
            await counters.count(FIVE, refuse)
            await asyncio.sleep(0.01)
        while_away = len(caplog.messages)
        client.execute_command(*allow.split())
    await be_found(counters, caplog)

    assert (while_away, caplog.messages[1:]) == (1, [f"{BACK}."])


@pytest.mark.usefixtures("_patience")
async def test_redis_that_dies_and_comes_back_is_no_error(
    open_counters: OpenCounters, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shorten_pause(monkeypatch, 0.05)
    with start_valkey() as server:
        counters = open_counters(server.url)
        alive = await count_many(counters, 20)
        os.kill(server.pid, signal.SIGKILL)
        await until((server.folder / "exit").exists)
        dead = await count_many(counters, 20)
    with start_valkey(server.port):
        await be_found(counters, caplog)
        back = await count_many(counters, 1)
        rest = await count_many(counters, 20)

    assert (alive, dead, back, rest) == (5, 5, 1, 4)


async def test_redis_that_was_never_there_is_no_error(
    unused_port: int, open_counters: OpenCounters
) -> None:
    counters = open_counters(f"redis://127.0.0.1:{unused_port}/0")

    assert await count_many(counters, 40) == 5


@pytest.mark.usefixtures("_patience")
def test_connection_that_the_network_ends_is_no_error_on_the_loop_of_production(
    valkey: Server,
) -> None:
    async def ask_on() -> list[object]:
        remote = Remote(valkey.url)
        client = redis.Redis(connection_pool=remote.pool)
        await remote.ask(client.ping)
        for connection in remote.pool._available_connections:
            connection._writer.transport.abort()  # as when a host was cut off for a while
        found = [await remote.ask(client.ping), remote.is_away]
        remote.look_at = 0
        remote.may_ask()  # has somebody look for it
        await until(lambda: not remote.is_away)
        found += [await remote.ask(client.ping), remote.is_away]
        await remote.close()
        return found

    with asyncio.Runner(loop_factory=make_fast_loop) as runner:
        assert runner.run(ask_on()) == [None, True, True, False]


@pytest.mark.usefixtures("_patience")
@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json"])
async def test_requests_are_answered_while_redis_is_frozen(
    valkey: Server, asked: list[bool], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    shorten_pause(monkeypatch, 60)
    app = create_app({"TESTING": True, "RATE_LIMITS": True, "REDIS_URL": valkey.url})
    async with app.test_app():
        client = app.test_client()
        normal = await client.get(path)
        with freezing(valkey):
            answers = [await client.get(path) for _ in range(11)]

    assert {answer.status_code for answer in answers} == {normal.status_code}
    assert "RateLimit" in answers[0].headers
    assert asked == [True] * 2 + [False] * 10


@pytest.mark.usefixtures("_patience")
async def test_request_that_counts_and_caches_waits_for_a_frozen_redis_once(
    valkey: Server, asked: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_pause(monkeypatch, 0.05)
    settings = {"RATE_LIMITS": True, "CACHE_SIZE": 1000, "REDIS_URL": valkey.url}
    app = create_app({"TESTING": True, **settings})

    @app.get("/both")
    @limit("5/minute")
    async def both() -> dict[str, int]:
        before = await cache.get("both")
        await cache.set("both", 1)
        return {"before": before}

    async with app.test_app():
        client = app.test_client()
        with freezing(valkey):
            away = await client.get("/both")
        waits = asked.copy()
        async with asyncio.timeout(60):
            while not asked[-1]:
                await asyncio.sleep(0.02)
                await app.test_client().get("/elsewhere")
        back = [await (await client.get("/both")).get_json() for _ in range(2)]

    assert (away.status_code, waits) == (200, [True, False, False])
    assert back == [{"before": None}, {"before": 1}]
