"""Findings: when what was sighted becomes one, when it is fixed, and what people say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from quartapp.models.rules import Inspection
from quartapp.texts import Text

OPEN_AFTER, FIXED_AFTER = 2, 2  # looks in a row that could have seen it
Key = tuple[str, str]  # rule and place, at one site


class FindingState(StrEnum):
    OPEN = Text("open")
    CONFIRMED = Text("confirmed")  # by a person
    FIXED = Text("fixed")
    WONT_FIX = Text("wont-fix")
    FALSE_POSITIVE = Text("false-positive")


DECIDED = {FindingState.WONT_FIX, FindingState.FALSE_POSITIVE}  # by people: no look moves these
ACTIVE = {FindingState.OPEN, FindingState.CONFIRMED}


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a finding stands; without a state it is not one yet, and nobody is told."""

    state: FindingState | None = None
    streak: int = 0  # looks in a row that speak against the state
    status: int | None = None  # of the last answer that it was seen in, where that matters


def count_sightings(tallies: Mapping[Key, Tally], seen: Inspection) -> dict[Key, Tally]:
    """Return where the findings of a site stand after one more look."""
    sighted = {(found.rule, found.place) for found in seen.sightings}
    counted: dict[Key, Tally] = {}
    for key in [*tallies, *sorted(sighted - tallies.keys())]:
        tally = count_key(key, tallies.get(key, Tally()), seen, is_sighted=key in sighted)
        if tally is not None:
            counted[key] = tally
    return counted


def count_key(key: Key, now: Tally, seen: Inspection, *, is_sighted: bool) -> Tally | None:
    if is_sighted:
        return count_sighting(now, seen.statuses[key[0]])
    return count_absence(now) if could_see(key[0], now, seen) else now


def could_see(rule: str, now: Tally, seen: Inspection) -> bool:
    """Tell whether the look would have found it: a part of a page or another status would not."""
    return rule in seen.complete and seen.statuses[rule] == now.status


def count_sighting(now: Tally, status: int | None) -> Tally:
    if now.state in DECIDED:
        return now
    if now.state in ACTIVE:
        return replace(now, streak=0, status=status)
    if now.streak + 1 >= OPEN_AFTER:
        return Tally(FindingState.OPEN, 0, status)
    return Tally(now.state, now.streak + 1, status)


def count_absence(now: Tally) -> Tally | None:
    """Return where it stands without it; None: it never was a finding, and is forgotten."""
    if now.state is None:
        return None
    if now.state not in ACTIVE:
        return now if now.state in DECIDED else replace(now, streak=0)
    if now.streak + 1 >= FIXED_AFTER:
        return replace(now, state=FindingState.FIXED, streak=0)
    return replace(now, streak=now.streak + 1)


def decide(now: Tally, state: FindingState) -> Tally:
    """Let a person say where it stands."""
    return replace(now, state=state, streak=0)
