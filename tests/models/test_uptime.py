"""What a while of looks comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.look import Outcome
from quartapp.models.rollup import list_starts
from quartapp.models.uptime import (
    Figures,
    Seen,
    Span,
    Summary,
    find_percentile,
    measure,
    summarize,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
OK, FAIL, ERROR = Outcome.OK, Outcome.FAIL, Outcome.ERROR
HOUR = Span(START, START + timedelta(hours=1))
REACH = timedelta(minutes=2)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def see(minutes: list[float], outcome: Outcome = OK) -> list[Seen]:
    return [Seen(at(minute), outcome, 0.1) for minute in minutes]


def test_site_that_always_answers_is_up_all_the_time() -> None:
    found = measure(see([*range(60)]), [], HOUR, REACH)
    assert found == Figures(60, 0, 0, up=3600, down=0, maintenance=0, p50=0.1, p95=0.1, p99=0.1)
    assert found.uptime == 1


def test_outage_counts_from_its_first_to_its_last_second() -> None:
    outage = Span(at(10), at(25))
    found = measure(see([*range(60)]), [outage], HOUR, REACH)
    assert (found.up, found.down, found.uptime) == (2700, 900, 0.75)


def test_nobody_knows_what_was_while_nobody_looked() -> None:
    looks = see([*range(10), *range(40, 60)])
    found = measure(looks, [Span(at(5), at(45))], HOUR, REACH)
    assert (found.up + found.down) == 11 * 60 + 20 * 60  # the last look before the gap speaks on
    assert found.down == (11 - 5) * 60 + 5 * 60


def test_our_own_errors_say_nothing() -> None:
    looks = sorted(
        [*see([0, 1, 2, 6, 7]), *see([3, 4, 5], ERROR)], key=lambda look: look.started_at
    )
    found = measure(looks, [], Span(at(0), at(8)), REACH)
    assert (found.ok, found.error, found.up, found.uptime) == (5, 3, 5 * 60, 1)


def test_look_before_the_while_speaks_into_it() -> None:
    found = measure(see([-1]), [], HOUR, REACH)
    assert (found.ok, found.up) == (0, 60)


def test_nothing_is_known_without_a_look() -> None:
    found = measure([], [HOUR], HOUR, REACH)
    assert found == Figures(0, 0, 0, up=0, down=0, maintenance=0, p50=None, p95=None, p99=None)
    assert found.uptime is None


def test_failures_are_in_no_latency() -> None:
    found = measure([*see([0]), Seen(at(1), FAIL, 20.0)], [], HOUR, REACH)
    assert (found.fail, found.p99) == (1, 0.1)


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (95, 95.0), (99, 99.0), (1, 1.0)])
def test_percentile_is_a_value_that_was_there(percent: int, value: float) -> None:
    assert find_percentile([float(number) for number in range(1, 101)], percent) == value


def test_maintenance_is_neither_up_nor_down_and_in_no_count() -> None:
    held = [Seen(at(minute), FAIL, 9.0, is_held=True) for minute in range(20, 30)]
    looks = [*see([*range(20)]), *held, *see([*range(30, 60)])]
    found = measure(looks, [Span(at(25), at(40))], HOUR, REACH)
    assert found == Figures(50, 0, 0, up=2400, down=600, maintenance=600, p50=0.1, p95=0.1, p99=0.1)


@st.composite
def make_day(draw: st.DrawFn) -> tuple[list[Seen], list[Span]]:
    minutes = sorted(draw(st.sets(st.integers(-10, 6 * 60), max_size=60)))
    kinds = st.tuples(st.sampled_from(list(Outcome)), st.floats(0.001, 20), st.booleans())
    seen = [Seen(at(minute), *draw(kinds)) for minute in minutes]
    ends = sorted(draw(st.lists(st.integers(-60, 7 * 60), max_size=6)))
    outages = [Span(at(a), at(b)) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    return seen, outages


@settings(max_examples=200, deadline=None)
@given(make_day(), st.sampled_from([1, 7, 90]))
def test_hours_add_up_to_what_the_whole_comes_to(
    day: tuple[list[Seen], list[Span]], reach: int
) -> None:
    whole, step = Span(START, at(6 * 60)), timedelta(hours=1)
    hours = [Span(start, start + step) for start in list_starts(whole.start, whole.end, step)]
    parts = [summarize(*day, hour, timedelta(minutes=reach)) for hour in hours]
    found = sum(parts, Summary()).figures
    exact = measure(*day, whole, timedelta(minutes=reach))

    assert (found.ok, found.fail, found.error) == (exact.ok, exact.fail, exact.error)
    assert found.up == pytest.approx(exact.up)
    assert found.down == pytest.approx(exact.down)
    assert found.maintenance == pytest.approx(exact.maintenance)
    assert (found.p95 or 0) == pytest.approx(exact.p95 or 0, rel=0.045)
    assert len(parts) == 6
