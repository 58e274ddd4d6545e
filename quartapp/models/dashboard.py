"""All sites at a glance: where each stands, how its days were, and how quick it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from quartapp.models.usability import State

DAYS, HOURS = 90, 24  # that are shown, the present ones last
WORST_FIRST = (
    State.DOWN,
    State.RECOVERING,
    State.SUSPECT,
    State.NEW,
    State.UP,
    State.MAINTENANCE,
    State.PAUSED,
)
SHAKY_SHARE = 0.01  # of the time that is known; who was away for longer was down that day


class Day(StrEnum):
    """How a day was; one of which nobody knows is none of these."""

    UP = "up"
    SHAKY = "shaky"  # away, but not for long
    DOWN = "down"
    HELD = "held"  # in maintenance, and nothing else


@dataclass(frozen=True, slots=True)
class Glance:
    """What is shown of one site; days and hours of which nobody knows are None."""

    id: int
    name: str
    slug: str
    is_moving: bool  # where it stands may change any moment, and no event tells of that
    state: State
    bugs: int  # that are open
    changes: int  # that nobody settled
    days: Sequence[Day | None]  # the oldest first
    latencies: Sequence[int | None]  # mean of each hour in ms, the oldest first


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The worst sites first, and how many stand where; there may be more than are shown."""

    counts: Mapping[State, int]
    glances: Sequence[Glance]

    @property
    def total(self) -> int:
        return sum(self.counts.values())
