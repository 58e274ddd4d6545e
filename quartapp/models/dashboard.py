"""All sites at a glance: where each stands, how its days were, and how quick it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quartapp.models.usability import State

WORST_FIRST = (
    State.DOWN,
    State.RECOVERING,
    State.SUSPECT,
    State.NEW,
    State.UP,
    State.MAINTENANCE,
    State.PAUSED,
)


@dataclass(frozen=True, slots=True)
class Glance:
    """What is shown of one site; of an hour of which nobody knows, None."""

    id: int
    name: str
    slug: str
    is_moving: bool  # where it stands may change any moment, and no event tells of that
    state: State
    bugs: int  # that are open
    changes: int  # that nobody settled
    days: str  # a letter each, the oldest first
    means: Sequence[int | None]  # of the answers of each hour in ms, the oldest first

    @property
    def last_mean(self) -> int | None:
        return next((mean for mean in reversed(self.means) if mean is not None), None)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The worst sites first, and how many stand where; there may be more than are shown."""

    counts: Mapping[State, int]
    glances: Sequence[Glance]

    @property
    def total(self) -> int:
        return sum(self.counts.values())
