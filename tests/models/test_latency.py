"""Percentiles of what was added up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.latency import ERROR, FIRST, LAST, Latency, find_bucket, find_middle
from quartapp.models.uptime import find_percentile

TIMES = st.lists(st.floats(FIRST, 65.0), min_size=1, max_size=200)


@settings(max_examples=300, deadline=None)
@given(TIMES, st.integers(0, 200), st.sampled_from([1, 50, 95, 99, 100]))
def test_percentile_of_parts_is_near_that_of_the_whole(
    values: list[float], cut: int, percent: int
) -> None:
    found = (Latency.of(values[:cut]) + Latency.of(values[cut:])).find_percentile(percent)
    exact = find_percentile(sorted(values), percent)
    assert found == pytest.approx(exact, rel=ERROR + 1e-9)
    assert ERROR < 0.045


@settings(max_examples=100, deadline=None)
@given(TIMES, st.integers(0, 200))
def test_parts_add_up_to_the_whole(values: list[float], cut: int) -> None:
    parts, whole = Latency.of(values[:cut]) + Latency.of(values[cut:]), Latency.of(values)
    assert parts.total == pytest.approx(whole.total)
    assert (parts.least, parts.most, parts.buckets) == (whole.least, whole.most, whole.buckets)


@settings(max_examples=100, deadline=None)
@given(TIMES)
def test_what_is_kept_is_read_again(values: list[float]) -> None:
    latency = Latency.of(values)
    text = latency.write_buckets()
    assert Latency.read(latency.total, latency.least, latency.most, text) == latency


def test_nothing_has_no_percentile() -> None:
    assert Latency.of([]) == Latency() == Latency() + Latency()
    assert Latency().find_percentile(50) is None
    assert Latency.read(0.0, None, None, "") == Latency()


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (-1.0, 0), (0.001, 0), (0.0011, 2), (0.002, 8), (1.024, 80), (1e9, LAST)],
)
def test_bucket_is_an_eighth_of_a_doubling(seconds: float, bucket: int) -> None:
    assert find_bucket(seconds) == bucket


def test_one_value_is_its_own_percentile() -> None:
    assert Latency.of([0.1, 0.1]).find_percentile(99) == 0.1
    assert Latency.of([1000.0]).find_percentile(50) == 1000.0
    assert find_middle(8) < 0.002 < find_middle(9)
