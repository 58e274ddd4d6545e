"""When a site is looked at."""

from datetime import timedelta

import pytest

from quartapp.models import Check
from quartapp.models.check import EPOCH, find_due, find_next_slot, find_slot
from quartapp.models.usability import Standing, State

NOW = EPOCH + timedelta(days=10_000, seconds=17)
MINUTE = timedelta(minutes=1)


def make(entity_id: int = 7, interval: int = 60, **given: object) -> Check:
    return Check(entity_id=entity_id, interval=interval, slot_at=NOW, **given)


@pytest.mark.parametrize("interval", [30, 60, 3600, 86_400])
def test_slots_lie_one_interval_apart_however_late_one_asks(interval: int) -> None:
    first = find_slot(7, interval, NOW)
    step = timedelta(seconds=interval)

    assert NOW < first <= NOW + step
    assert find_slot(7, interval, first) == first + step
    assert find_slot(7, interval, first + 0.99 * step) == first + step
    assert find_slot(7, interval, first + 10.5 * step) == first + 11 * step  # nothing is caught up


def test_sites_take_turns() -> None:
    seconds = [(find_slot(number, 60, NOW) - NOW).total_seconds() for number in range(1, 6001)]
    of_each = [sum(second // 6 == part for second in seconds) for part in range(10)]

    assert all(550 < count < 650 for count in of_each), of_each
    assert len({*seconds}) > 5000


@pytest.mark.parametrize(("early", "slots"), [(59, 0), (31, 0), (29, 1), (1, 1)])
def test_site_that_is_up_waits_for_a_slot_that_is_not_too_near(early: int, slots: int) -> None:
    slot = find_slot(7, 60, NOW)
    now = slot - timedelta(seconds=early)
    assert find_next_slot(make(), Standing(State.UP), now, 0.5) == slot + slots * MINUTE


def test_look_that_was_early_does_not_take_its_slot_twice() -> None:
    check = make()
    check.slot_at = find_slot(7, 60, NOW)
    early = check.slot_at - timedelta(seconds=3)
    assert find_next_slot(check, Standing(State.UP), early, 0.5) == check.slot_at + MINUTE


@pytest.mark.parametrize("state", [State.SUSPECT, State.RECOVERING])
@pytest.mark.parametrize(("streak", "wait"), [(1, 15), (2, 15), (3, 30), (4, 30)])
@pytest.mark.parametrize(("dice", "share"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_doubt_is_resolved_soon(
    state: State, streak: int, wait: int, dice: float, share: float
) -> None:
    found = find_next_slot(make(interval=3600), Standing(state, False, streak), NOW, dice)
    assert found == NOW + timedelta(seconds=wait * share)


@pytest.mark.parametrize(("took", "left"), [(5.0, 10.0), (15.0, 0.0), (20.0, 0.0)])
def test_who_hangs_is_asked_again_as_soon_as_who_refuses(took: float, left: float) -> None:
    doubt = Standing(State.SUSPECT, False, 1)
    found = find_next_slot(make(interval=3600), doubt, NOW, 0.5, took=took)
    assert found == NOW + timedelta(seconds=left)


def test_doubt_never_puts_off_a_regular_look() -> None:
    slot = find_slot(7, 30, NOW)
    before = slot - timedelta(seconds=20)
    found = find_next_slot(make(interval=30), Standing(State.SUSPECT, False, 3), before, 0.5)
    assert found == slot


@pytest.mark.parametrize(
    ("interval", "dice", "seconds"),
    [(60, 0.0, -3), (60, 0.5, 0), (60, 1.0, 3), (3600, 0.0, -10), (3600, 1.0, 10)],
)
def test_due_is_a_little_beside_the_slot(interval: int, dice: float, seconds: int) -> None:
    assert find_due(NOW, interval, dice) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("interval", "seconds"), [(30, 20), (20, 16), (10, 8), (86_400, 20)])
def test_look_ends_well_before_the_next(interval: int, seconds: float) -> None:
    assert make(interval=interval).timeout == seconds
