"""How a site did of late, in a few letters: made with its roll-ups, so that it is quickly read."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, String, Table

from quartapp.models.base import Base, Id, UtcDateTime
from quartapp.models.rollup import DAY, HOUR

DAYS, HOURS = 90, 24  # that are shown; the last day is today
SHAKY_SHARE = 0.01  # of the time that is known; who was away for longer was down that day
UNKNOWN = "."  # nobody looked


class Day(StrEnum):
    """How a day was, in one letter; one of which nobody knows is none of these."""

    UP = "u"
    SHAKY = "s"  # away, but not for long
    DOWN = "d"
    HELD = "h"  # in maintenance, and nothing else


# As of a moment up to which all is rolled up: the days before its day, and the hours before it.
glance = Table(
    "glance",
    Base.metadata,
    Column("entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("days", String(DAYS - 1), nullable=False),  # a letter each, the oldest first
    # Mean latencies in ms, one after each comma, the oldest first; nothing where no answer came.
    Column("means", String(HOURS * 7), nullable=False),
    **Base.__table_args__,
)


def follow_days(days: str, at: datetime, today: datetime) -> str:
    """Return the days before *today*, when the glance may be of another day."""
    passed = -((at - today) // DAY)  # and what is rolled up is never ahead
    return (days + UNKNOWN * passed)[passed:] if passed else days


def follow_means(means: str, at: datetime, now: datetime) -> list[int | None]:
    """Return the hours before the one of *now*, when the glance may be of another hour."""
    passed = min((now - at) // HOUR, HOURS)
    found = [int(mean) if mean else None for mean in means.split(",")]
    return [*found, *[None] * passed][passed:] if passed else found


def write_means(means: list[int | None]) -> str:
    return ",".join("" if mean is None else str(mean) for mean in means)
