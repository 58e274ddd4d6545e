"""Times on pages, written as in Flask-Moment: `{{ moment(at).fromNow() }}`.

Each is a <time> in UTC that says enough without JavaScript; quartapp/static/moment.js tells it in
the zone of who reads, and keeps true what moves.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from markupsafe import Markup
from quart_babel import gettext, ngettext

from quartapp.models import utcnow

DAY, HOUR, FULL = "%Y-%m-%d", "%H:%M UTC", "%Y-%m-%d %H:%M UTC"
FORMATS = {
    **dict.fromkeys(("L", "LL", "l", "ll"), DAY),
    **dict.fromkeys(("", "LLL", "LLLL", "lll", "llll"), FULL),
    "LT": HOUR,
    "LTS": "%H:%M:%S UTC",
}
SECOND = timedelta(seconds=1)
UNITS = (  # as in moment.js
    ("year", timedelta(days=365)),
    ("month", timedelta(days=30)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", SECOND),
)
WORDS: dict[str, Callable[[int], str]] = {
    "year": lambda count: ngettext("%(num)d year", "%(num)d years", count),
    "month": lambda count: ngettext("%(num)d month", "%(num)d months", count),
    "day": lambda count: ngettext("%(num)d day", "%(num)d days", count),
    "hour": lambda count: ngettext("%(num)d hour", "%(num)d hours", count),
    "minute": lambda count: ngettext("%(num)d minute", "%(num)d minutes", count),
    "second": lambda count: ngettext("%(num)d second", "%(num)d seconds", count),
}


class Moment:
    """A time that can be written in several ways; without one given, now."""

    def __init__(self, timestamp: datetime | None = None) -> None:
        self.at = read_utc(timestamp or utcnow())

    def format(self, fmt: str = "") -> Markup:
        """Write the time itself, as one of `FORMATS`; the first says the zone, too."""
        if fmt not in FORMATS:
            raise ValueError(f"A time is written as one of {', '.join(filter(None, FORMATS))}.")
        return self.write(self.at.strftime(FORMATS[fmt]), **{"data-format": fmt} if fmt else {})

    def calendar(self, refresh: bool = True) -> Markup:
        """Write today, yesterday or tomorrow where the reader has that."""
        return self.write(self.at.strftime(FULL), **{"data-calendar": ""}, **mark(refresh=refresh))

    def fromNow(self, no_suffix: bool = False, refresh: bool = True) -> Markup:  # noqa: N802
        marks = {"data-from": "now", **mark(bare=no_suffix, refresh=refresh)}
        return self.write_away(self.at - utcnow(), marks)

    def toNow(self, no_suffix: bool = False, refresh: bool = True) -> Markup:  # noqa: N802
        marks = {"data-to": "now", **mark(bare=no_suffix, refresh=refresh)}
        return self.write_away(utcnow() - self.at, marks)

    def fromTime(self, timestamp: datetime, no_suffix: bool = False) -> Markup:  # noqa: N802
        other = read_utc(timestamp)
        marks = {"data-from": other.isoformat(), **mark(bare=no_suffix)}
        return self.write_away(self.at - other, marks)

    def toTime(self, timestamp: datetime, no_suffix: bool = False) -> Markup:  # noqa: N802
        other = read_utc(timestamp)
        marks = {"data-to": other.isoformat(), **mark(bare=no_suffix)}
        return self.write_away(other - self.at, marks)

    def diff(self, timestamp: datetime, units: str) -> int:
        """Return how many whole weeks, days, hours, minutes or seconds it is after another."""
        return int((self.at - read_utc(timestamp)) / timedelta(**{units: 1}))

    def unix(self) -> int:
        return int(self.at.timestamp())

    def valueOf(self) -> int:  # noqa: N802
        return int(self.at.timestamp() * 1000)

    def write_away(self, distance: timedelta, marks: dict[str, str]) -> Markup:
        """Write how far away it is, and the time itself for who points at that."""
        write = write_span if "data-bare" in marks else write_distance
        return self.write(write(distance), **marks, title=self.at.strftime(FULL))

    def write(self, text: str, **attributes: str) -> Markup:
        pairs = {"datetime": self.at.isoformat(), **attributes}.items()
        marks = Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in pairs)
        return Markup("<time {}>{}</time>").format(marks, text)


def read_utc(time: datetime) -> datetime:
    """Return it in UTC, which is also what one without a zone is taken for."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def mark(**wishes: bool) -> dict[str, str]:
    return {f"data-{name}": "" for name, is_wanted in wishes.items() if is_wanted}


def write_distance(distance: timedelta) -> str:
    """Write where a time is, seen from another: 3 minutes ago."""
    if abs(distance) < SECOND:
        return gettext("now")
    is_past, length = distance < timedelta(0), write_span(distance)
    return (
        gettext("%(length)s ago", length=length)
        if is_past
        else gettext("in %(length)s", length=length)
    )


def write_span(distance: timedelta) -> str:
    """Write how long it is, in its greatest unit."""
    name, unit = next((pair for pair in UNITS if abs(distance) >= pair[1]), UNITS[-1])
    return WORDS[name](abs(distance) // unit)
