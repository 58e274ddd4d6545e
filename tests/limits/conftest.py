"""What the tests of limits get: an app that has them, counting here or in a Valkey."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis import Redis

from quartapp import remote
from quartapp.limits import counters, memory, shared
from quartapp.limits.counters import Counters
from quartapp.remote import Remote
from tests.servers import Server


@pytest.fixture
def valkey_url(valkey_server: Server) -> str:
    with Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
async def open_counters() -> AsyncIterator[Callable[[str], Counters]]:
    """Open the counters of a process, with the Redis of an address if there is one."""
    remotes: list[Remote] = []

    def open_one(redis_url: str) -> Counters:
        if not redis_url:
            return Counters()
        remotes.append(Remote(redis_url))
        return Counters(remotes[-1])

    yield open_one
    for one in remotes:
        await one.close()


@pytest.fixture
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Redis be slow, as it is beside other tests."""
    monkeypatch.setattr(remote, "ANSWER", 10.0)
    monkeypatch.setattr(remote, "PATIENCE", 10.0)


@pytest.fixture
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of what is counted here, so that a slow machine tells the same seconds."""
    for module in (counters, memory, shared):
        monkeypatch.setattr(module, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(memory, "monotonic", lambda: 1_000.0)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """No Redis, unless a test is for "valkey"."""
    if getattr(request, "param", "memory") == "memory":
        return ""
    request.getfixturevalue("_patience")
    return str(request.getfixturevalue("valkey_url"))


@pytest.fixture
def settings(redis_url: str) -> dict[str, Any]:
    return {"RATE_LIMITS": True, "REDIS_URL": redis_url}
