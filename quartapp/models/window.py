"""When windows of maintenance are open: pure rules over local times, also where clocks change.

A window that repeats starts at its time of day by the clocks of its zone and lasts so many real
minutes. A time of day that a day leaves out (clocks go forward) comes as much later as they skip;
of one that a day has twice (clocks go back) it is the first. RFC 5545 says the same.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from quartapp.models.uptime import Span
from quartapp.texts import Text

DAYS = "1234567"  # Monday is 1, as in ISO 8601
MAX_MINUTES = 7 * 24 * 60
LONGEST = timedelta(days=366)  # of a window that comes once
DAY = timedelta(days=1)
NO_DAY = Text("There is no such day.")
# Files among those of zones: what this machine is set to, and what stands for no zone at all.
NO_ZONES = {"localtime", "posixrules", "Factory"}


@dataclass(frozen=True, slots=True)
class Once:
    span: Span

    def find_open(self, moment: datetime) -> Span | None:
        """Return the window that a moment is in."""
        return self.span if self.span.start <= moment < self.span.end else None

    def find_next(self, moment: datetime) -> Span | None:
        """Return the first window that starts after a moment."""
        return self.span if moment < self.span.start else None


@dataclass(frozen=True, slots=True)
class Weekly:
    weekdays: str  # some of DAYS
    start: time  # by the clocks of the zone
    minutes: int
    zone: ZoneInfo

    def find_open(self, moment: datetime) -> Span | None:
        """Return the window that a moment is in, of several the one that ends last."""
        length = timedelta(minutes=self.minutes)
        spans = self.list_spans(moment - length - DAY, moment + DAY)
        return next((span for span in reversed(spans) if span.start <= moment < span.end), None)

    def find_next(self, moment: datetime) -> Span | None:
        """Return the first window that starts after a moment."""
        spans = self.list_spans(moment - DAY, moment + 9 * DAY)
        return next((span for span in spans if moment < span.start), None)

    def list_spans(self, start: datetime, end: datetime) -> list[Span]:
        """Return the windows of the local days from one moment's to another's."""
        first = start.astimezone(self.zone).date()
        count = (end.astimezone(self.zone).date() - first).days + 1
        days = [first + number * DAY for number in range(count)]
        return [self.make_span(day) for day in days if str(day.isoweekday()) in self.weekdays]

    def make_span(self, day: date) -> Span:
        start = to_moment(datetime.combine(day, self.start), self.zone)
        return Span(start, start + timedelta(minutes=self.minutes))


Rule = Once | Weekly


def to_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of a zone show a local time, the first of two.

    ValueError for one beyond the calendar: its first and last days begin and end in UTC.
    """
    try:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(NO_DAY) from error


def refuse_no_day(moment: datetime, zone: ZoneInfo) -> None:
    """Raise ValueError for a moment that no clock of a zone can show."""
    try:
        moment.astimezone(zone)
    except OverflowError as error:
        raise ValueError(NO_DAY) from error


@cache
def list_zones() -> frozenset[str]:
    return frozenset(available_timezones() - NO_ZONES)


def clean_zone(name: str) -> str:
    """Return the name of a time zone that this machine knows; ValueError for any other."""
    name = name.strip()
    if name not in list_zones():
        raise ValueError(Text("A time zone has a name such as Europe/Berlin, or UTC."))
    return name


def clean_weekdays(text: str) -> str:
    """Return the weekdays in order, each once; ValueError unless they are some of 1 to 7."""
    if not text or not set(text) <= set(DAYS):
        raise ValueError(Text("Weekdays are digits from 1 (Monday) to 7 (Sunday)."))
    return "".join(sorted(set(text)))
