"""When sightings become a finding, and when it is fixed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.rules import Inspection, Sighting
from quartapp.models.tally import FindingState, Tally, count_sightings, decide

OPEN, CONFIRMED, FIXED, WONT_FIX, FALSE_POSITIVE = FindingState
KEY = ("hsts-missing", "a")
OTHER = ("hsts-missing", "b")
Tallies = dict[tuple[str, str], Tally]


def look(letter: str) -> Inspection:
    """Return what a look tells: s(een), a(bsent), p(art of it), e(rror page), n(othing)."""
    if letter == "n":
        return Inspection()
    sightings = [Sighting(*KEY, "Detail.")] if letter == "s" else []
    complete = set() if letter == "p" else {KEY[0]}
    return Inspection(sightings, {KEY[0]: 500 if letter == "e" else 200}, complete)


def follow(letters: str, tallies: Tallies | None = None) -> list[FindingState | str | None]:
    states: list[FindingState | str | None] = []
    tallies = tallies or {}
    for letter in letters:
        tallies = count_sightings(tallies, look(letter))
        states.append(tallies[KEY].state if KEY in tallies else "gone")
    return states


@pytest.mark.parametrize(
    ("letters", "states"),
    [
        ("ss", [None, OPEN]),
        ("sas", [None, "gone", None]),
        ("snpes", [None, None, None, None, OPEN]),
        ("ssaa", [None, OPEN, OPEN, FIXED]),
        ("ssasa", [None, OPEN, OPEN, OPEN, OPEN]),
        ("ssanpea", [None, OPEN, OPEN, OPEN, OPEN, OPEN, FIXED]),
        ("ssaass", [None, OPEN, OPEN, FIXED, FIXED, OPEN]),
        ("ssaasas", [None, OPEN, OPEN, FIXED, FIXED, FIXED, FIXED]),
        ("a", ["gone"]),
    ],
)
def test_two_looks_in_a_row_decide(letters: str, states: list[FindingState | str | None]) -> None:
    assert follow(letters) == states


def test_two_absences_fix_what_a_person_confirmed() -> None:
    assert follow("saa", {KEY: Tally(CONFIRMED, status=200)}) == [CONFIRMED, CONFIRMED, FIXED]


def test_each_place_is_counted_by_itself() -> None:
    seen = Inspection([Sighting(*KEY, ""), Sighting(*OTHER, "")], {KEY[0]: 200}, {KEY[0]})
    first = count_sightings({}, seen)

    assert first == {KEY: Tally(None, 1, 200), OTHER: Tally(None, 1, 200)}
    assert count_sightings(first, look("s")) == {KEY: Tally(OPEN, 0, 200)}


def test_rule_that_does_not_mind_the_status_is_counted_at_any() -> None:
    seen = Inspection([Sighting(*KEY, "")], {KEY[0]: None}, set())
    opened = count_sightings(count_sightings({}, seen), seen)
    absent = Inspection([], {KEY[0]: None}, {KEY[0]})

    assert count_sightings(count_sightings(opened, absent), absent)[KEY].state is FIXED


def test_person_starts_a_count_anew() -> None:
    (tally,) = count_sightings({KEY: Tally(OPEN, 0, 200)}, look("a")).values()
    assert tally == Tally(OPEN, 1, 200)
    assert decide(tally, CONFIRMED) == Tally(CONFIRMED, 0, 200)


STEPS = st.lists(st.sampled_from([*"ssaapen", *FindingState]), max_size=40)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(steps=STEPS)
def test_machine_moves_only_what_it_may(steps: list[str | FindingState]) -> None:
    tallies: Tallies = {}
    told: list[str] = []  # since the state changed, what spoke of the finding
    for step in steps:
        before = tallies.get(KEY)
        if isinstance(step, FindingState):
            if before:
                tallies, told = {KEY: decide(before, step)}, []
            continue
        told += step if step in "sa" else ""
        tallies = count_sightings(tallies, look(step))
        after, state = tallies.get(KEY), before.state if before else None
        if state in (WONT_FIX, FALSE_POSITIVE):
            assert after == before
        elif after and after.state != state:
            goal = FIXED if state in (OPEN, CONFIRMED) else OPEN
            assert after.state is goal
            assert told[-2:] == ["a" if goal is FIXED else "s"] * 2
            told = []
        elif before and after is None:
            assert (before.state, step) == (None, "a")
        elif state is not None:
            enough = ["a" if state in (OPEN, CONFIRMED) else "s"] * 2
            assert told[-2:] != enough
