"""When windows of maintenance are open, on days when clocks change as well."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.uptime import Span
from quartapp.models.window import (
    DAYS,
    MAX_MINUTES,
    Once,
    Weekly,
    clean_weekdays,
    clean_zone,
    to_moment,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
# Clocks change at night, at midnight, by half an hour, in the other half of the year, never; a
# whole day was left out in Apia at the end of 2011.
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
]
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 9, 6, 4, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 2, 15, 2, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]
WINDOWS = st.builds(
    Weekly,
    st.sets(st.sampled_from(DAYS), min_size=1).map(lambda days: "".join(sorted(days))),
    st.times().map(lambda local: local.replace(fold=0)),  # as databases keep them
    st.one_of(st.integers(1, 240), st.integers(1, MAX_MINUTES)),
    st.sampled_from(ZONES).map(ZoneInfo),
)
MOMENTS = st.builds(
    lambda change, minutes: change + minutes * MINUTE,
    st.sampled_from(CHANGES),
    st.integers(-4 * 24 * 60, 4 * 24 * 60),
)


def list_all(window: Weekly, around: datetime) -> list[Span]:
    """Return each window of five weeks, by the plain rule: a start a day, and real minutes."""
    days = [around.date() + number * DAY for number in range(-17, 18)]
    spans = []
    for day in days:
        if str(day.isoweekday()) in window.weekdays:
            local = datetime.combine(day, window.start, window.zone)
            start = local.astimezone(UTC)
            spans.append(Span(start, start + window.minutes * MINUTE))
    return spans


@settings(max_examples=500, deadline=None)
@given(WINDOWS, MOMENTS)
def test_moment_is_inside_when_a_window_has_it(window: Weekly, moment: datetime) -> None:
    around = [span for span in list_all(window, moment) if span.start <= moment < span.end]
    found = window.find_open(moment)
    assert found == max(around, key=lambda span: span.end, default=None)


@settings(max_examples=500, deadline=None)
@given(WINDOWS, MOMENTS)
def test_next_window_is_the_first_that_starts_later(window: Weekly, moment: datetime) -> None:
    later = [span for span in list_all(window, moment) if span.start > moment]
    assert window.find_next(moment) == min(later, key=lambda span: span.start)


@settings(max_examples=300, deadline=None)
@given(WINDOWS, MOMENTS)
def test_window_starts_by_the_clocks_and_lasts_real_minutes(
    window: Weekly, moment: datetime
) -> None:
    found = window.find_next(moment)
    assert found is not None
    assert found.seconds == window.minutes * 60
    local = found.start.astimezone(window.zone)
    day_before = (found.start - 26 * 60 * MINUTE).astimezone(window.zone)
    if local.utcoffset() == day_before.utcoffset():  # else the time, or the day, may be left out
        assert local.time() == window.start
        assert str(local.isoweekday()) in window.weekdays


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 3:30, as 2:30 is left out
        (date(2026, 3, 30), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        (date(2026, 10, 26), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
    ],
)
def test_night_window_in_berlin(day: date, start: datetime) -> None:
    window = Weekly(DAYS, time(2, 30), 120, BERLIN)
    assert window.make_span(day) == Span(start, start + 120 * MINUTE)


def test_window_over_midnight_is_open_on_the_next_day() -> None:
    window = Weekly("7", time(23), 120, BERLIN)
    monday = datetime(2026, 6, 1, tzinfo=BERLIN)
    assert window.find_open(monday + 59 * MINUTE) == Span(
        (monday - 60 * MINUTE).astimezone(UTC), (monday + 60 * MINUTE).astimezone(UTC)
    )
    assert window.find_open(monday + 60 * MINUTE) is None
    assert window.find_next(monday) == Span(
        to_moment(datetime(2026, 6, 7, 23), BERLIN),  # noqa: DTZ001 (by the clocks there)
        to_moment(datetime(2026, 6, 8, 1), BERLIN),  # noqa: DTZ001
    )


def test_window_that_comes_once() -> None:
    start = CHANGES[0]
    span = Span(start, start + DAY)
    window = Once(span)
    assert [window.find_open(start + n * DAY / 2) for n in (-1, 0, 1, 2)] == [
        None,
        span,
        span,
        None,
    ]
    assert [window.find_next(start + n * DAY) for n in (-1, 0, 1)] == [span, None, None]


def test_weekdays_are_kept_in_order_and_once() -> None:
    assert clean_weekdays("5151") == "15"


@pytest.mark.parametrize("text", ["", "0", "8", "Mon", "1,2", "\u0661"])
def test_what_is_no_weekday_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from 1"):
        clean_weekdays(text)


@pytest.mark.parametrize(
    "name",
    [
        *["", "Europe", "../../etc/passwd", "/etc/localtime", "Mars/Base", "a\x00b"],
        *["localtime", "posixrules", "Factory"],  # files among those of zones, and no zones
    ],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        clean_zone(name)


def test_zone_is_known_by_its_name() -> None:
    assert clean_zone(" Europe/Berlin ") == "Europe/Berlin"
