"""How fast a site answered in a while, step by step: what a chart of it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quartapp.models.look import Outcome
from quartapp.models.rollup import DAY, HOUR, start_day, start_hour
from quartapp.models.uptime import Seen, Span, find_percentile
from quartapp.texts import Text

QUARTER = timedelta(minutes=15)


class Reach(StrEnum):
    """How far back a chart goes."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


REACHES = {
    Reach.DAY: Text("Day"),
    Reach.WEEK: Text("Week"),
    Reach.MONTH: Text("Month"),
    Reach.YEAR: Text("Year"),
}
STEPS = {  # how long, and in which steps
    Reach.DAY: (DAY, QUARTER),
    Reach.WEEK: (7 * DAY, HOUR),
    Reach.MONTH: (30 * DAY, DAY),
    Reach.YEAR: (365 * DAY, DAY),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured in one step; without answers there are no times."""

    start_at: datetime
    answers: int = 0
    failures: int = 0
    p50: float | None = None  # s
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    reach: Reach
    while_: Span  # whole steps, of which the last may still last
    readings: Sequence[Reading]  # one for each step
    outages: Sequence[Span]

    @property
    def step(self) -> timedelta:
        return STEPS[self.reach][1]

    @property
    def is_empty(self) -> bool:
        return all(reading.p50 is None for reading in self.readings)


def find_while(reach: Reach, now: datetime) -> Span:
    """Return the steps up to the one that has this moment."""
    length, step = STEPS[reach]
    end = start_quarter(now) if step == QUARTER else start_hour(now)
    end = (start_day(now) if step == DAY else end) + step
    return Span(end - length, end)


def start_quarter(moment: datetime) -> datetime:
    hour = start_hour(moment)
    return hour + (moment - hour) // QUARTER * QUARTER


def read_looks(seen: Sequence[Seen], while_: Span, step: timedelta) -> list[Reading]:
    """Return what looks came to, step by step, as figures of a while are counted."""
    count = int((while_.end - while_.start) / step)
    groups: list[list[Seen]] = [[] for _ in range(count)]
    for look in seen:
        if while_.start <= look.started_at < while_.end and not look.is_held:
            groups[(look.started_at - while_.start) // step].append(look)
    return [read_group(while_.start + number * step, looks) for number, looks in enumerate(groups)]


def read_group(start_at: datetime, looks: Sequence[Seen]) -> Reading:
    totals = sorted(look.total for look in looks if look.outcome is Outcome.OK)
    failures = sum(look.outcome is Outcome.FAIL for look in looks)
    shares = find_percentile(totals, 50), find_percentile(totals, 95)
    return Reading(start_at, len(totals), failures, *shares)
