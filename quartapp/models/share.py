"""Fair turns: no host and no person may keep a worker, or a teller, from all others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

PER_HOST = 2  # looks at one host at once, of one worker, and requests to one, of one teller
T = TypeVar("T")


def find_share(slots: int) -> int:
    """Return how many looks are of busy owners' sites at once while those of others wait.

    So many requests tell one person at once, whether others wait or not.
    """
    return slots - slots // 4


@dataclass
class Shares:
    """How many looks each host and each owner has, those included that are chosen here.

    Hosts of *crowds* share an address, or lead to the same host: what they share is counted.
    """

    busy: Counter[str] = field(default_factory=Counter)
    owners: Counter[int | None] = field(default_factory=Counter)
    crowds: Mapping[str, str] = field(default_factory=dict)
    share: float = inf  # of all who have looks, to be divided while sites of others are due
    is_seeking: bool = True  # whose sites are due behind those of owners who have enough
    is_alone: bool = False  # nobody's were found there

    @property
    def full_hosts(self) -> list[str]:
        full = [place for place, count in self.busy.items() if count >= PER_HOST]
        crowded = (host for host, place in self.crowds.items() if self.busy[place] >= PER_HOST)
        return [*full, *crowded]

    @property
    def full_owners(self) -> list[int | None]:
        return [owner for owner in self.owners if self.has_enough(owner, self.share)]

    def has_enough(self, owner: int | None, share: float) -> bool:
        """Return whether an owner has as much as each gets of *share* when it is divided evenly."""
        return self.owners[owner] * len(self.owners) >= share

    def choose(self, due: Iterable[T], limit: int) -> list[T]:
        """Return the first *limit* of what is due that have room."""
        return self.take(due, limit, self.share)

    def fill(self, due: Iterable[T], limit: int) -> list[T]:
        """Return the first *limit* of what is due, when nobody else wants the slots."""
        return self.take(due, limit, inf)

    def take(self, due: Iterable[Any], limit: int, share: float) -> list[Any]:
        taken: list[Any] = []
        for row in due:
            place = self.crowds.get(row.host, row.host)
            is_full = self.busy[place] >= PER_HOST or self.has_enough(row.owner_id, share)
            if len(taken) < limit and not is_full:
                self.busy[place] += 1
                self.owners[row.owner_id] += 1
                taken.append(row)
        return taken


@dataclass(slots=True)
class Busy:
    """The requests that a teller is at, by their hosts and by whom they tell.

    No host has more than PER_HOST at once, and no person more than *share*.
    """

    hosts: Counter[str] = field(default_factory=Counter)
    people: Counter[int] = field(default_factory=Counter)
    share: float = inf

    @property
    def full_hosts(self) -> list[str]:
        return [host for host, count in self.hosts.items() if count >= PER_HOST]

    @property
    def full_people(self) -> list[int]:
        return [user_id for user_id, count in self.people.items() if count >= self.share]

    def has_room(self, channel: Any) -> bool:
        """Tell whether a channel may be told something; mail is nobody's burden."""
        if not channel.host:
            return True
        is_free = self.hosts[channel.host] < PER_HOST
        return is_free and self.people[channel.user_id] < self.share

    def add(self, channel: Any) -> None:
        self.hosts[channel.host] += 1
        self.people[channel.user_id] += 1
