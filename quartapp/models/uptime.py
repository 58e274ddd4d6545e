"""How well a site did in a while: arithmetic over what was seen, with gaps where nobody did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from math import ceil

from quartapp.models.look import Outcome


@dataclass(frozen=True, slots=True)
class Seen:
    started_at: datetime
    outcome: Outcome
    total: float  # s


@dataclass(frozen=True, slots=True)
class Span:
    start: datetime
    end: datetime

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
    p50: float | None  # of the answers' total time
    p95: float | None
    p99: float | None

    @property
    def uptime(self) -> float | None:
        """The share of the known time in 0 … 1; None where nobody looked."""
        known = self.up + self.down
        return self.up / known if known else None


def measure(
    seen: Sequence[Seen], outages: Sequence[Span], while_: Span, reach: timedelta
) -> Figures:
    """Count what was *seen*, in the order of time, in a while.

    A look speaks for the time until the next one, but not further than *reach*; one that failed by
    an error of ours speaks for none.
    """
    known = list(find_known(seen, while_, reach))
    down = sum(span.measure_overlap(outage) for span in known for outage in outages)
    inside = [look for look in seen if while_.start <= look.started_at < while_.end]
    totals = sorted(look.total for look in inside if look.outcome is Outcome.OK)
    return Figures(
        **{str(kind): sum(look.outcome is kind for look in inside) for kind in Outcome},
        up=sum((span.end - span.start).total_seconds() for span in known) - down,
        down=down,
        p50=find_percentile(totals, 50),
        p95=find_percentile(totals, 95),
        p99=find_percentile(totals, 99),
    )


def find_known(seen: Sequence[Seen], while_: Span, reach: timedelta) -> Iterable[Span]:
    for look, following in zip_longest(seen, seen[1:]):
        start = max(look.started_at, while_.start)
        end = min(following.started_at if following else while_.end, while_.end)
        end = min(end, look.started_at + reach)
        if look.outcome is not Outcome.ERROR and start < end:
            yield Span(start, end)


def find_percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest rank of sorted values: one that was there."""
    return values[ceil(len(values) * percent / 100) - 1] if values else None
