"""Memory has its bounds, and a Redis that is away is one that finds nothing."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from quartapp import create_app, remote
from quartapp.cache import stores
from quartapp.cache.shared import Shared
from quartapp.cache.stores import Memory
from quartapp.extensions import cache
from quartapp.remote import Remote
from tests.servers import Server, start_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    with start_valkey() as server:
        yield server


def test_memory_drops_what_was_not_used_for_longest() -> None:
    memory = Memory(100, entries=3)
    for key in "abc":
        memory.put(key, b"1", 60)
    memory.find("a")
    memory.put("d", b"1", 60)

    assert list(memory.kept) == ["c", "a", "d"]


def test_memory_holds_so_many_bytes() -> None:
    memory = Memory(100)
    for key in "abc":
        memory.put(key, bytes(40), 60)
    memory.put("c", bytes(20), 60)
    used = memory.used
    memory.put("d", bytes(100), 60)

    assert (used, list(memory.kept), memory.used) == (41 + 21, [], 0)


def test_memory_forgets_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = Memory(100), 1000.0
    monkeypatch.setattr(stores, "monotonic", lambda: now)
    memory.put("a", b"1", 60)
    before, now = memory.find("a"), 1060.0

    assert (before, memory.find("a"), memory.used) == (b"1", None, 0)


async def test_frozen_redis_is_asked_once_and_then_let_be(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 60)
    asked: list[bool] = []
    may_ask = Remote.may_ask
    monkeypatch.setattr(
        Remote,
        "may_ask",
        lambda one: asked.append(may_ask(one)) or asked[-1],  # type: ignore[func-returns-value]
    )
    app = create_app({"TESTING": True, "CACHE_SIZE": 1000, "REDIS_URL": valkey.url})
    made: list[int] = []

    @cache.memoize()
    async def load() -> int:
        made.append(1)
        return len(made)

    async with app.app_context():
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            found = [await load(), await load(), await cache.get("a"), await cache.delete("a")]
            await cache.set("a", 1)
            await cache.forget("a")
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
        await app.extensions["redis"].close()

    assert found == [1, 2, None, False]
    assert asked[0] is True
    assert not any(asked[1:])


async def test_redis_that_is_back_is_used_again(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.0)
    there = Shared(Remote(valkey.url))
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        away = await there.get_many(["a"])
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    monkeypatch.setattr(remote, "PATIENCE", 10.0)
    async with asyncio.timeout(30):
        while (back := await there.get_many(["a"])) == [None]:  # also when it is slow once more
            await there.set("a", b"1", 60)
            await asyncio.sleep(0.02)
    await there.remote.close()

    assert (away, back) == ([None], [b"1"])
