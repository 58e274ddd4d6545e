"""The states of a site, by every look and by tens of thousands of ways through them."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quartapp.models.look import Outcome
from quartapp.models.usability import HELD, Standing, State, Thresholds, advance, hold, release

SEQUENCES = int(os.environ.get("QUARTAPP_EXAMPLES", "300"))  # 10,000 take a minute
START = datetime(2026, 1, 1, tzinfo=UTC)
OK, FAIL, ERROR = Outcome.OK, Outcome.FAIL, Outcome.ERROR
LIMITS = Thresholds()
NEW, UP, SUSPECT, DOWN, RECOVERING = list(State)[:5]
WAYS: list[tuple[str, list[Outcome], list[State]]] = [
    ("the first answer is enough", [OK], [UP]),
    ("one failure tells nobody", [OK, FAIL, OK], [UP, SUSPECT, UP]),
    ("three in a row do", [OK, FAIL, FAIL, FAIL], [UP, SUSPECT, SUSPECT, DOWN]),
    ("three that are not in a row do not", [FAIL, FAIL, OK, FAIL], [SUSPECT, SUSPECT, UP, SUSPECT]),
    ("a site that never answered is down, too", [FAIL] * 4, [SUSPECT, SUSPECT, DOWN, DOWN]),
    ("two answers bring it back", [FAIL] * 3 + [OK, OK], [SUSPECT, SUSPECT, DOWN, RECOVERING, UP]),
    (
        "one answer does not",
        [FAIL] * 3 + [OK, FAIL, OK],
        [SUSPECT, SUSPECT, DOWN, RECOVERING, DOWN, RECOVERING],
    ),
    (
        "an error of ours changes nothing",
        [ERROR, OK, ERROR, FAIL, ERROR],
        [NEW, UP, UP, SUSPECT, SUSPECT],
    ),
]


def at(number: int) -> datetime:
    return START + timedelta(minutes=number)


def follow(outcomes: list[Outcome], limits: Thresholds = LIMITS) -> list[Standing]:
    standings = [Standing()]
    for number, outcome in enumerate(outcomes):
        standings.append(advance(standings[-1], outcome, limits, at(number)))
    return standings[1:]


@pytest.mark.parametrize(
    ("outcomes", "states"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS]
)
def test_states_follow_what_is_seen(outcomes: list[Outcome], states: list[State]) -> None:
    assert [standing.state for standing in follow(outcomes)] == states


def test_thresholds_of_one_believe_every_look() -> None:
    found = follow([FAIL, OK, FAIL], Thresholds(1, 1))
    assert [standing.state for standing in found] == [DOWN, UP, DOWN]


def test_outage_lasts_from_the_first_failure_until_the_first_answer_that_lasted() -> None:
    found = follow([OK, FAIL, FAIL, FAIL, FAIL, OK, OK])

    assert found[3] == Standing(DOWN, True, 0, since=at(1))
    assert found[6] == Standing(UP, False, 0, since=at(5))


def test_what_is_up_stays_so_since_it_came() -> None:
    assert follow([OK, OK, OK])[-1] == Standing(UP, False, 0, since=at(0))


@pytest.mark.parametrize("state", sorted(HELD))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_nothing_moves_what_people_hold(state: State, outcome: Outcome) -> None:
    held = hold(follow([OK])[-1], state, at(1))
    assert advance(held, outcome, Thresholds(1, 1), at(2)) == held


def test_site_is_released_to_where_people_believe_it_to_be() -> None:
    up, down = follow([OK])[-1], follow([FAIL] * 3)[-1]

    assert release(hold(up, State.PAUSED, at(5)), at(9)) == Standing(NEW, False, 0, at(9))
    assert release(hold(down, State.PAUSED, at(5)), at(9)) == Standing(DOWN, True, 0, at(9))


class Life(RuleBasedStateMachine):
    """Looks, people who pause, and windows of maintenance, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.limits = Thresholds()
        self.standing = Standing()
        self.told: list[State] = []
        self.outcomes: list[Outcome] = []
        self.answers: list[datetime] = []  # since the last failure, or since it was let go

    @rule(down_after=st.integers(1, 10), up_after=st.integers(1, 10))
    def set_thresholds(self, down_after: int, up_after: int) -> None:
        self.limits = Thresholds(down_after, up_after)

    @rule(outcome=st.sampled_from([OK, FAIL, FAIL]))
    def look(self, outcome: Outcome) -> None:
        now = self.tick()
        self.outcomes.append(outcome)
        self.answers = [*self.answers, now] if outcome is OK else []
        self.move(advance(self.standing, outcome, self.limits, now))

    @rule()
    def fail_ourselves(self) -> None:
        assert advance(self.standing, ERROR, self.limits, self.tick()) == self.standing

    @precondition(lambda self: self.standing.state not in HELD)
    @rule(state=st.sampled_from(sorted(HELD)))
    def hold(self, state: State) -> None:
        self.forget()
        self.move(hold(self.standing, state, self.tick()))

    @precondition(lambda self: self.standing.state is State.MAINTENANCE)
    @rule(outcomes=st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=12))
    def look_while_it_rests(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            found = advance(self.standing, outcome, self.limits, self.tick())
            assert found == self.standing

    @precondition(lambda self: self.standing.state is State.MAINTENANCE)
    @rule()
    def pause_while_it_rests(self) -> None:
        self.move(hold(self.standing, State.PAUSED, self.tick()))

    @precondition(lambda self: self.standing.state in HELD)
    @rule()
    def release(self) -> None:
        self.forget()
        self.move(release(self.standing, self.tick()))

    def forget(self) -> None:
        self.outcomes.clear()
        self.answers.clear()

    def tick(self) -> datetime:
        self.number += 1
        return at(self.number)

    def move(self, new: Standing) -> None:
        if new.is_out != self.standing.is_out:
            state = DOWN if new.is_out else UP
            enough = self.limits.down_after if new.is_out else self.limits.up_after
            verdict = FAIL if new.is_out else OK
            assert self.outcomes[-enough:] == [verdict] * min(enough, len(self.outcomes))
            assert new.state is state
            assert new.is_out or new.since == self.answers[0]
            self.told.append(state)
        self.standing = new

    @invariant()
    def tells_in_turns(self) -> None:
        assert self.told == [DOWN, UP] * (len(self.told) // 2) + [DOWN] * (len(self.told) % 2)

    @invariant()
    def stands_where_it_was_told_to(self) -> None:
        if self.standing.state not in HELD:
            assert self.standing.is_out == (self.standing.state in (DOWN, RECOVERING))


Life.TestCase.settings = settings(
    max_examples=SEQUENCES, stateful_step_count=20, deadline=None, derandomize=True
)
test_people_are_told_in_turns = Life.TestCase
