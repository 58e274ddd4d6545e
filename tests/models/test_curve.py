"""Looks are gathered into the steps of a chart."""

from datetime import UTC, datetime, timedelta

import pytest

from quartapp.models.curve import QUARTER, STEPS, Curve, Reach, Reading, find_while, read_looks
from quartapp.models.look import Outcome
from quartapp.models.rollup import DAY, HOUR
from quartapp.models.uptime import Seen, Span

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=17, seconds=3)


@pytest.mark.parametrize(
    ("reach", "end"),
    [
        (Reach.DAY, NOON + 2 * QUARTER),
        (Reach.WEEK, NOON + HOUR),
        (Reach.MONTH, NOON + 12 * HOUR),
        (Reach.YEAR, NOON + 12 * HOUR),
    ],
)
def test_while_is_of_whole_steps_and_ends_with_the_one_that_lasts(
    reach: Reach, end: datetime
) -> None:
    length, step = STEPS[reach]
    assert find_while(reach, NOW) == Span(end - length, end)
    assert length % step == timedelta(0)


def test_step_on_its_edge_begins_anew() -> None:
    assert find_while(Reach.DAY, NOON) == Span(NOON + QUARTER - DAY, NOON + QUARTER)


def see(minutes: float, total: float, outcome: Outcome = Outcome.OK, is_held: bool = False) -> Seen:
    return Seen(NOON + timedelta(minutes=minutes), outcome, total, is_held)


def test_each_step_has_the_looks_that_began_in_it() -> None:
    seen = [
        see(-1, 9.0),  # before
        see(0, 0.3),
        see(5, 0.1),
        see(14.9, 0.2),
        see(15, 7.0, Outcome.FAIL),
        see(16, 8.0, Outcome.ERROR),
        see(31, 0.5),
        see(32, 0.1, is_held=True),
        see(45, 9.0),  # after
    ]
    assert read_looks(seen, Span(NOON, NOON + 3 * QUARTER), QUARTER) == [
        Reading(NOON, 3, 0, 0.2, 0.3),
        Reading(NOON + QUARTER, 0, 1),
        Reading(NOON + 2 * QUARTER, 1, 0, 0.5, 0.5),
    ]


def test_curve_without_an_answer_is_empty() -> None:
    curve = Curve(Reach.DAY, Span(NOON, NOON + QUARTER), [Reading(NOON, 0, 3)], [])
    assert (curve.is_empty, curve.step) == (True, QUARTER)
    answered = Curve(Reach.DAY, curve.while_, [Reading(NOON, 1, 0, 0.1, 0.1)], [])
    assert not answered.is_empty
