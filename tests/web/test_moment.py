import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import quartapp
from quartapp.models import utcnow
from quartapp.web.moment import FORMATS, UNITS, Moment, write_distance

AT = datetime(2026, 11, 21, 18, 2, 5, tzinfo=UTC)
ISO = "2026-11-21T18:02:05+00:00"
FULL = "2026-11-21 18:02 UTC"
STATIC = Path(quartapp.__file__).parent / "static"
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


@pytest.mark.parametrize(
    ("fmt", "text"),
    [
        ("L", "2026-11-21"),
        ("LL", "2026-11-21"),
        ("LLL", FULL),
        ("LLLL", FULL),
        ("LT", "18:02 UTC"),
        ("LTS", "18:02:05 UTC"),
        ("l", "2026-11-21"),
        ("ll", "2026-11-21"),
        ("lll", FULL),
        ("llll", FULL),
    ],
)
def test_format_is_written_in_utc(fmt: str, text: str) -> None:
    assert Moment(AT).format(fmt) == f'<time datetime="{ISO}" data-format="{fmt}">{text}</time>'


def test_without_a_format_only_the_time_is_told() -> None:
    assert Moment(AT).format() == f'<time datetime="{ISO}">{FULL}</time>'


def test_other_formats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one of L, LL, l, ll, LLL, LLLL, lll, llll, LT, LTS\."):
        Moment(AT).format("YYYY-MM-DD")


@pytest.mark.parametrize(
    "at",
    [AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=5, minutes=30)))],
    ids=["naive", "elsewhere"],
)
def test_time_is_turned_into_utc(at: datetime) -> None:
    assert Moment(at).format() == Moment(AT).format()
    assert Moment(AT).fromTime(at) == Moment(AT).fromTime(AT)


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(0), "now"),
        (timedelta(milliseconds=-999), "now"),
        (timedelta(milliseconds=999), "now"),
        (-SECOND, "1 second ago"),
        (SECOND, "in 1 second"),
        (-59 * SECOND, "59 seconds ago"),
        (-MINUTE, "1 minute ago"),
        (-3 * MINUTE - 59 * SECOND, "3 minutes ago"),
        (HOUR - SECOND, "in 59 minutes"),
        (HOUR, "in 1 hour"),
        (-47 * HOUR, "1 day ago"),
        (-2 * DAY, "2 days ago"),
        (-30 * DAY, "1 month ago"),
        (-364 * DAY, "12 months ago"),
        (800 * DAY, "in 2 years"),
    ],
)
def test_distance_is_written_in_its_greatest_unit(distance: timedelta, text: str) -> None:
    assert write_distance(distance) == text


def test_from_now_and_to_now_look_opposite_ways_and_move() -> None:
    at = utcnow() - 3 * HOUR
    start, end = f'<time datetime="{at.isoformat()}"', f'title="{at:%Y-%m-%d %H:%M UTC}"'
    assert [
        Moment(at).fromNow(),
        Moment(at).toNow(refresh=False),
        Moment(at).fromNow(no_suffix=True),
        Moment(at).toNow(no_suffix=True, refresh=True),
    ] == [
        f'{start} data-from="now" data-refresh="" {end}>3 hours ago</time>',
        f'{start} data-to="now" {end}>in 3 hours</time>',
        f'{start} data-from="now" data-bare="" data-refresh="" {end}>3 hours</time>',
        f'{start} data-to="now" data-bare="" data-refresh="" {end}>3 hours</time>',
    ]


def test_two_times_are_compared() -> None:
    start, end = f'<time datetime="{ISO}"', f'title="{FULL}"'
    other, iso = AT + 2 * DAY, "2026-11-23T18:02:05+00:00"
    assert [Moment(AT).fromTime(other), Moment(AT).toTime(other, no_suffix=True)] == [
        f'{start} data-from="{iso}" {end}>2 days ago</time>',
        f'{start} data-to="{iso}" data-bare="" {end}>2 days</time>',
    ]


def test_calendar_is_left_to_the_reader() -> None:
    assert Moment(AT).calendar(refresh=False) == (
        f'<time datetime="{ISO}" data-calendar="">{FULL}</time>'
    )
    assert Moment(AT).calendar() == (
        f'<time datetime="{ISO}" data-calendar="" data-refresh="">{FULL}</time>'
    )


@pytest.mark.parametrize(
    ("units", "count"), [("weeks", 1), ("days", 10), ("hours", 251), ("minutes", 15_119)]
)
def test_difference_is_counted_in_whole_units(units: str, count: int) -> None:
    other = AT - 10 * DAY - 12 * HOUR + SECOND
    assert Moment(AT).diff(other, units) == count
    assert Moment(other).diff(AT, units) == -count


def test_numbers_are_those_of_unix() -> None:
    moment = Moment(AT + timedelta(milliseconds=250))
    assert (moment.unix(), moment.valueOf()) == (1_795_284_125, 1_795_284_125_250)


def test_without_a_time_it_is_now() -> None:
    before = utcnow()
    assert before <= Moment().at <= utcnow()


def test_script_knows_the_same_formats_and_units() -> None:
    script = (STATIC / "moment.js").read_text()
    formats = re.search(r"const FORMATS = \{\n(.*?)\n\};", script, re.S)
    units = re.search(r"const UNITS = .*?\n(.*?)\n\}\);", script, re.S)
    assert formats
    assert units
    assert set(re.findall(r'(?m)^  "?(\w*)"?: ', formats[1])) == set(FORMATS)
    assert re.findall(r"(?m)^  (\w+): ", units[1]) == [name for name, _ in UNITS]
