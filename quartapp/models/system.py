"""How the whole does: what waits to be done, who is at it, and what it is kept in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quartapp.texts import Text


class Work(StrEnum):
    """What workers do; the values are part of the API."""

    LOOKS = "looks"
    MAIL = "mail"
    TELLING = "telling"


WORKS = {
    Work.LOOKS: Text("Looks at sites"),
    Work.MAIL: Text("Mail"),
    Work.TELLING: Text("Telling people"),
}


@dataclass(frozen=True, slots=True)
class Queue:
    """What nobody holds: how much of it could be done now, since when, and how much is for later.

    What a dead worker held is due again when its lease has ended.
    """

    work: Work
    due: int
    oldest_at: datetime | None
    late: float  # s that the oldest has waited
    later: int


@dataclass(frozen=True, slots=True)
class Lease:
    """What one worker has claimed; looks do not say by whom."""

    work: Work
    holder: str
    count: int
    until: datetime


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the data is kept in."""

    kind: str
    version: str
    size: int  # bytes
