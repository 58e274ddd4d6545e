"""How often each page was looked at on each day: numbers alone, nothing of who did."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Date, String, Table

from quartapp.models.base import Base

ROUTE_LENGTH = 190  # characters of a route's template
OUTCOME_LENGTH = 3
ELSEWHERE = ""  # the route of addresses that are none of ours

visits = Table(
    "visit",
    Base.metadata,
    Column("day", Date, primary_key=True),  # UTC
    Column("route", String(ROUTE_LENGTH), primary_key=True),  # "/sites/<slug>", of whatever site
    Column("outcome", String(OUTCOME_LENGTH), primary_key=True),  # "2xx"
    Column("count", BigInteger, nullable=False),
    **Base.__table_args__,
)


class VisitKey(NamedTuple):
    """What is counted together."""

    day: date
    route: str
    outcome: str


@dataclass(frozen=True, slots=True)
class PageVisits:
    """How often a page was shown on each of some days, in their order, and how often it was not."""

    route: str
    views: list[int]
    redirects: int
    failures: int

    @property
    def total(self) -> int:
        return sum(self.views)


@dataclass(frozen=True, slots=True)
class Visits:
    """What pages came to on some days: all together, and each, the most visited first."""

    days: list[date]
    whole: PageVisits
    pages: list[PageVisits]


def make_key(day: date, route: str, status: int) -> VisitKey:
    return VisitKey(day, route[:ROUTE_LENGTH], f"{status // 100}xx")


def sum_up(counts: Iterable[tuple[VisitKey, int]], today: date, length: int) -> Visits:
    """Add up what was counted on the *length* days up to *today*."""
    days = [today - timedelta(days=number) for number in reversed(range(length))]
    whole: list[tuple[VisitKey, int]] = []
    by_route: dict[str, list[tuple[VisitKey, int]]] = defaultdict(list)
    for key, count in counts:
        if days[0] <= key.day <= today:
            whole.append((key, count))
            by_route[key.route].append((key, count))
    pages = [sum_page(route, part, days) for route, part in by_route.items()]
    pages.sort(key=lambda page: (-page.total, page.route))
    return Visits(days, sum_page(ELSEWHERE, whole, days), pages)


def sum_page(
    route: str, counts: Iterable[tuple[VisitKey, int]], days: Iterable[date]
) -> PageVisits:
    shown, redirects, failures = dict.fromkeys(days, 0), 0, 0
    for key, count in counts:
        if key.outcome == "2xx":
            shown[key.day] += count
        elif key.outcome == "3xx":
            redirects += count
        else:
            failures += count
    return PageVisits(route, list(shown.values()), redirects, failures)
