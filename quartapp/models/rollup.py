"""What looks came to in each hour and each day: kept for ever, when the looks are gone."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Double, ForeignKey, Integer, Table, Text

from quartapp.models.base import Base, Id, UtcDateTime

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATE = timedelta(minutes=15)  # after its end an hour is complete, as looks are reported late
REDO = DAY  # how far back a roll-up is made anew; so long, its results must be kept


def make_table(name: str) -> Table:
    """Return a table of sites by time (UTC); a while in which nothing was known has no row.

    What is neither up, down nor maintenance is time of which nobody knows.
    """
    return Table(
        name,
        Base.metadata,
        Column("entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
        Column("start_at", UtcDateTime, primary_key=True),
        # Looks.
        Column("ok", Integer, nullable=False),
        Column("fail", Integer, nullable=False),
        Column("error", Integer, nullable=False),
        # Seconds.
        Column("up", Double, nullable=False),
        Column("down", Double, nullable=False),
        Column("maintenance", Double, nullable=False),
        Column("latency_total", Double, nullable=False),
        Column("latency_least", Double),
        Column("latency_most", Double),
        Column("latency_buckets", Text, nullable=False),
        **Base.__table_args__,
    )


hourly = make_table("hourly")
daily = make_table("daily")

# Up to where the hours of each site are rolled up; its row is the lock of who does it.
rolled = Table(
    "rolled",
    Base.metadata,
    Column("entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("until", UtcDateTime, nullable=False, index=True),
    **Base.__table_args__,
)


def start_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def start_day(moment: datetime) -> datetime:
    return start_hour(moment).replace(hour=0)


def start_step(moment: datetime, step: timedelta) -> datetime:
    """Return the start of the HOUR or DAY that has this moment."""
    return start_hour(moment) if step == HOUR else start_day(moment)


def end_step(moment: datetime, step: timedelta) -> datetime:
    """Return the first start of an HOUR or DAY that is not before this moment."""
    start = start_step(moment, step)
    return start if start == moment else start + step


def find_complete(now: datetime) -> datetime:
    """Return until when all hours are complete."""
    return start_hour(now - LATE)


def list_starts(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + number * step for number in range(-((start - end) // step))]
