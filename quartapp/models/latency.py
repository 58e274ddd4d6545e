"""Latency that can be added up: counts in fixed buckets, which percentiles are read from.

A bucket is an eighth of a doubling wide, so that what is read is at most 4.5 % beside a value that
was there. That holds from 1 ms to 65 s; nothing finer is known of what is faster or slower.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil, log2
from typing import Self

STEPS = 8  # buckets of a doubling
FIRST = 0.001  # s; what is faster is in the bucket 0
LAST = 16 * STEPS  # the bucket of whatever is slower than 65 s, too
ERROR = 2 ** (0.5 / STEPS) - 1  # of a percentile, at most


@dataclass(frozen=True, slots=True)
class Latency:
    total: float = 0.0  # s, of all together
    least: float | None = None
    most: float | None = None
    buckets: Mapping[int, int] = field(default_factory=dict)  # how many are in each

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        buckets = dict(sorted(Counter(map(find_bucket, values)).items()))
        return cls(sum(values), min(values, default=None), max(values, default=None), buckets)

    @classmethod
    def read(cls, total: float, least: float | None, most: float | None, text: str) -> Self:
        """Return what was kept, its buckets by `write_buckets()`."""
        pairs = (pair.split(":") for pair in text.split())
        return cls(total, least, most, {int(bucket): int(count) for bucket, count in pairs})

    def write_buckets(self) -> str:
        return " ".join(f"{bucket}:{count}" for bucket, count in self.buckets.items())

    def __add__(self, other: "Latency") -> "Latency":
        return self.add_up((self, other))

    @classmethod
    def add_up(cls, parts: Iterable["Latency"]) -> Self:
        known = [part for part in parts if part.buckets]
        counts: dict[int, int] = {}
        for part in known:
            for bucket, count in part.buckets.items():
                counts[bucket] = counts.get(bucket, 0) + count
        return cls(
            sum(part.total for part in known),
            min((part.least for part in known if part.least is not None), default=None),
            max((part.most for part in known if part.most is not None), default=None),
            dict(sorted(counts.items())),
        )

    def find_percentile(self, percent: int) -> float | None:
        """Return the middle of the bucket that has the nearest rank; None where nothing is."""
        if self.least is None or self.most is None:
            return None
        rank = ceil(sum(self.buckets.values()) * percent / 100)
        sums = zip(self.buckets, accumulate(self.buckets.values()), strict=True)
        bucket = next(bucket for bucket, counted in sums if counted >= rank)
        return min(max(find_middle(bucket), self.least), self.most)


def find_bucket(seconds: float) -> int:
    if seconds <= FIRST:
        return 0
    return min(ceil(log2(seconds / FIRST) * STEPS), LAST)


def find_middle(bucket: int) -> float:
    return FIRST * float(2 ** ((bucket - 0.5) / STEPS))
