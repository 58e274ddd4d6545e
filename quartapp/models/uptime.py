"""How well a site did in a while: arithmetic over what was seen, with gaps where nobody did."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from math import ceil

from quartapp.models.latency import Latency
from quartapp.models.look import Outcome

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Seen:
    started_at: datetime
    outcome: Outcome
    total: float  # s
    is_held: bool = False  # for maintenance: then it is in no figure


@dataclass(frozen=True, slots=True)
class Span:
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def measure_overlap(self, other: "Span") -> float:
        """Return the seconds that both have."""
        return max(0.0, (min(self.end, other.end) - max(self.start, other.start)).total_seconds())


@dataclass(frozen=True, slots=True)
class Figures:
    """Looks by outcome, and seconds: of *up* and *down* somebody knows, of the rest nobody."""

    ok: int
    fail: int
    error: int
    up: float
    down: float
    maintenance: float  # neither up nor down
    p50: float | None  # of the answers' total time
    p95: float | None
    p99: float | None

    @property
    def uptime(self) -> float | None:
        """The share of the known time in 0 … 1; None where nobody looked."""
        known = self.up + self.down
        return self.up / known if known else None


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be added up, of whiles that follow one another."""

    ok: int = 0
    fail: int = 0
    error: int = 0
    up: float = 0.0
    down: float = 0.0
    maintenance: float = 0.0
    latency: Latency = field(default_factory=Latency)

    def __add__(self, other: "Summary") -> "Summary":
        return self.add_up((self, other))

    @classmethod
    def add_up(cls, parts: Collection["Summary"]) -> "Summary":
        """Return the sum of many at once, which costs less than one after the other."""
        return cls(
            sum(part.ok for part in parts),
            sum(part.fail for part in parts),
            sum(part.error for part in parts),
            sum(part.up for part in parts),
            sum(part.down for part in parts),
            sum(part.maintenance for part in parts),
            Latency.add_up(part.latency for part in parts),
        )

    @property
    def figures(self) -> Figures:
        """The same in figures; percentiles are at most 4.5 % beside what they were."""
        return Figures(
            self.ok,
            self.fail,
            self.error,
            self.up,
            self.down,
            self.maintenance,
            *(self.latency.find_percentile(percent) for percent in PERCENTILES),
        )


def measure(
    seen: Sequence[Seen], outages: Sequence[Span], while_: Span, reach: timedelta
) -> Figures:
    """Count what was *seen*, in the order of time, in a while.

    A look speaks for the time until the next one, but not further than *reach*; one that failed by
    an error of ours speaks for none.
    """
    totals = sorted(find_totals(seen, while_))
    return Figures(
        *count_outcomes(seen, while_),
        *measure_times(seen, outages, while_, reach),
        *(find_percentile(totals, percent) for percent in PERCENTILES),
    )


def summarize(
    seen: Sequence[Seen], outages: Sequence[Span], while_: Span, reach: timedelta
) -> Summary:
    """Count as `measure()` does, to be added to what others have counted."""
    return Summary(
        *count_outcomes(seen, while_),
        *measure_times(seen, outages, while_, reach),
        Latency.of(find_totals(seen, while_)),
    )


def count_outcomes(seen: Sequence[Seen], while_: Span) -> tuple[int, int, int]:
    """Return how many looks were ok, failed, or were an error of ours."""
    counts = Counter(look.outcome for look in find_inside(seen, while_))
    return counts[Outcome.OK], counts[Outcome.FAIL], counts[Outcome.ERROR]


def find_totals(seen: Sequence[Seen], while_: Span) -> list[float]:
    return [look.total for look in find_inside(seen, while_) if look.outcome is Outcome.OK]


def find_inside(seen: Sequence[Seen], while_: Span) -> Iterable[Seen]:
    return (
        look for look in seen if while_.start <= look.started_at < while_.end and not look.is_held
    )


def measure_times(
    seen: Sequence[Seen], outages: Sequence[Span], while_: Span, reach: timedelta
) -> tuple[float, float, float]:
    """Return the seconds up, down, and of maintenance."""
    known = list(find_known(seen, while_, reach))
    told = [span for look, span in known if not look.is_held]
    held = sum(span.seconds for look, span in known if look.is_held)
    down = sum(span.measure_overlap(outage) for span in told for outage in outages)
    return sum(span.seconds for span in told) - down, down, held


def find_known(seen: Sequence[Seen], while_: Span, reach: timedelta) -> Iterable[tuple[Seen, Span]]:
    """Return the looks that speak for a part of the while, and which."""
    for look, following in zip_longest(seen, seen[1:]):
        start = max(look.started_at, while_.start)
        end = min(following.started_at if following else while_.end, while_.end)
        end = min(end, look.started_at + reach)
        if look.outcome is not Outcome.ERROR and start < end:
            yield look, Span(start, end)


def find_percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest rank of sorted values: one that was there."""
    return values[ceil(len(values) * percent / 100) - 1] if values else None
