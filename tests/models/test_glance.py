"""A glance that is read later than it was made."""

from datetime import UTC, datetime

import pytest

from quartapp.models.glance import HOURS, follow_days, follow_means, write_means
from quartapp.models.rollup import DAY, HOUR

TODAY = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (TODAY, "uuusd"),
        (TODAY + 23 * HOUR, "uuusd"),
        (TODAY - HOUR, "uusd."),
        (TODAY - DAY, "uusd."),
        (TODAY - DAY - HOUR, "usd.."),
        (TODAY - 30 * DAY, "....."),
    ],
)
def test_days_go_on_while_nobody_rolls_up(at: datetime, shown: str) -> None:
    assert follow_days("uuusd", at, TODAY) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (0, [1, None, *range(2, HOURS)]),
        (1, [None, *range(2, HOURS), None]),
        (HOURS, [None] * HOURS),
        (10_000, [None] * HOURS),
    ],
)
def test_hours_go_on_while_nobody_rolls_up(hours: int, shown: list[int | None]) -> None:
    means = write_means([1, None, *range(2, HOURS)])
    assert follow_means(means, TODAY, TODAY + hours * HOUR) == shown
