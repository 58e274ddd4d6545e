"""Counting, here and in a real Valkey."""

import asyncio
from collections.abc import Callable
from math import ceil
from time import monotonic
from types import SimpleNamespace

import pytest
from limits import parse
from limits.aio.storage.redis import redispy

from quartapp.limits import memory
from quartapp.limits.counters import Counters
from quartapp.limits.rules import Rule, Verdict
from quartapp.remote import Remote

OpenCounters = Callable[[str], Counters]

FIVE = Rule("five", parse("5/minute"))
ON_BOTH = pytest.mark.parametrize("redis_url", ["memory", "valkey"], indirect=True)


@ON_BOTH
async def test_of_forty_at_once_five_pass(redis_url: str, open_counters: OpenCounters) -> None:
    counters = open_counters(redis_url)
    verdicts = await asyncio.gather(*(counters.count(FIVE, "a") for _ in range(40)))

    assert [verdict.is_allowed for verdict in verdicts].count(True) == 5
    assert all(0 < verdict.wait <= 60 for verdict in verdicts)


@ON_BOTH
async def test_verdict_tells_what_is_left(redis_url: str, open_counters: OpenCounters) -> None:
    counters = open_counters(redis_url)
    start = monotonic()
    verdicts = [await counters.count(FIVE, "a") for _ in range(6)]
    least = ceil(60 - (monotonic() - start))  # of the last one, on a slow machine

    assert [verdict._replace(wait=60) for verdict in verdicts] == [
        Verdict(FIVE, left >= 0, max(left, 0), 60) for left in range(4, -2, -1)
    ]
    assert all(least <= verdict.wait <= 60 for verdict in verdicts)


@ON_BOTH
async def test_keys_and_rules_are_counted_apart(
    redis_url: str, open_counters: OpenCounters
) -> None:
    counters = open_counters(redis_url)
    other = Rule("other", parse("5/minute"))
    counted = [(FIVE, "a"), (FIVE, "b"), (other, "a"), (FIVE, "a")]
    left = [(await counters.count(rule, key)).remaining for rule, key in counted]

    assert left == [4, 4, 4, 3]


@ON_BOTH
async def test_limit_is_over_when_its_time_is(
    redis_url: str, open_counters: OpenCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, found = open_counters(redis_url), []
    for now in (0, 0, 0, 0, 0, 0, 59, 61):
        set_clocks(monkeypatch, 1_800_000_000.0 + now)
        found.append((await counters.count(FIVE, "a")).is_allowed)

    assert found == [True] * 5 + [False] * 2 + [True]


def set_clocks(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    """Set the clock here, and that of who counts in Valkey, which is told the time."""
    monkeypatch.setattr(memory, "monotonic", lambda: now)
    monkeypatch.setattr(redispy, "time", SimpleNamespace(time=lambda: now))


@pytest.mark.usefixtures("_patience")
async def test_processes_share_what_is_in_valkey(
    valkey_url: str, open_counters: OpenCounters
) -> None:
    here, there = open_counters(valkey_url), open_counters(valkey_url)
    verdicts = await asyncio.gather(*(c.count(FIVE, "a") for c in (here, there) for _ in range(20)))

    assert [verdict.is_allowed for verdict in verdicts].count(True) == 5


@ON_BOTH
def test_counters_belong_to_no_loop(redis_url: str) -> None:
    remote = Remote(redis_url) if redis_url else None
    counters = Counters(remote)

    async def count() -> int:
        verdict = await counters.count(FIVE, "a")
        if remote is not None:
            await remote.close()
        return verdict.remaining

    assert [asyncio.run(count()) for _ in range(2)] == [4, 3]
