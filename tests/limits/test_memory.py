"""Counts in memory: a window that moves, and nothing kept for long."""

import pytest

from quartapp.limits import memory
from quartapp.limits.memory import SWEEP_SECONDS, Memory


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(memory, "monotonic", clock)
    monkeypatch.setattr(memory, "time", lambda: clock.now + 500)
    return clock


async def test_no_window_has_more_than_the_limit_wherever_it_begins(clock: Clock) -> None:
    counts, allowed = Memory(), []
    for _ in range(100):
        clock.now += 1
        if counts.acquire("a", 5, 20):
            allowed.append(clock.now)

    windows = [
        len([time for time in allowed if start < time <= start + 20]) for start in range(1000, 1090)
    ]
    assert max(windows) == 5
    assert len(allowed) == 25


async def test_what_is_refused_does_not_count(clock: Clock) -> None:
    counts = Memory()
    hits = [counts.acquire("a", 2, 20) for _ in range(4)]
    clock.now += 20

    assert (hits, counts.acquire("a", 2, 20)) == ([True, True, False, False], True)


async def test_many_at_once_are_taken_all_or_none(clock: Clock) -> None:
    counts = Memory()

    assert [counts.acquire("a", 5, 20, amount) for amount in (6, 3, 3, 2)] == [
        False,
        True,
        False,
        True,
    ]


async def test_window_begins_with_its_oldest_hit(clock: Clock) -> None:
    counts = Memory()
    empty = counts.find_window("a", 20)
    counts.acquire("a", 5, 20)
    clock.now += 7
    counts.acquire("a", 5, 20)
    both = counts.find_window("a", 20)
    clock.now += 13
    last = counts.find_window("a", 20)

    assert [empty, both, last] == [(1500.0, 0), (1500.0, 2), (1507.0, 1)]


async def test_who_has_not_come_for_long_is_forgotten(clock: Clock) -> None:
    counts = Memory()
    for number in range(1000):
        counts.acquire(f"short {number}", 5, 5)
    counts.acquire("long", 5, 60)
    clock.now += SWEEP_SECONDS
    counts.acquire("new", 5, 5)

    assert set(counts.hits) == {"long", "new"}
