"""How much more a longer input costs: a ratio of one run, as seconds say nothing elsewhere."""

import time
from collections.abc import Callable

TIMES = 8  # longer; what is linear costs as much more, what is quadratic 64 times
LINEAR = 24.0  # at most, with what a busy machine adds


def measure_growth(work: Callable[[int], object], length: int) -> float:
    """Return how much more CPU time *work* takes of an input that is TIMES as long."""
    return measure(work, TIMES * length) / measure(work, length)


def measure(work: Callable[[int], object], length: int) -> float:
    return min(measure_once(work, length) for _ in range(3))


def measure_once(work: Callable[[int], object], length: int) -> float:
    start = time.process_time()
    work(length)
    return time.process_time() - start
