from datetime import UTC, datetime, timedelta

import pytest

from quartapp.models import OutboxMessage, OutboxState
from quartapp.models.outbox import clean_subject

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def make_message(**given: object) -> OutboxMessage:
    return OutboxMessage(created_at=START, **given)


def test_tries_are_a_minute_then_up_to_six_hours_apart_for_a_day() -> None:
    pauses, now = [], START
    for attempts in range(1, 100):
        then = make_message(attempts=attempts).find_next_try(now)
        if then is None:
            break
        pauses.append((then - now) / MINUTE)
        now = then

    assert pauses == [1, 2, 5, 15, 30, 60, 120, 240, 360, 360, 247]
    assert now == START + 24 * HOUR


def test_message_that_nobody_sent_for_a_day_is_tried_once() -> None:
    assert make_message(attempts=1).find_next_try(START + 48 * HOUR) is None


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"due_at": START}, OutboxState.WAITING),
        ({"sent_at": START}, OutboxState.SENT),
        ({"failed_at": START}, OutboxState.FAILED),
    ],
)
def test_state_is_told_by_the_times(given: dict[str, object], state: OutboxState) -> None:
    assert make_message(**given).state is state


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Choose a new password", "Choose a new password"),
        ("  Grüße  \u00a0 aus\u3000東京 ", "Grüße aus 東京"),
        ("=?utf-8?q?Bcc=3A?=", "= ?utf-8?q?Bcc=3A?="),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
    ],
)
def test_subject_is_one_plain_line(given: str, kept: str) -> None:
    assert clean_subject(given) == kept


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\t", "\x85", "\u2028", "\ud800", "\x7f"])
def test_control_character_in_a_subject_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match="Control characters"):
        clean_subject(f"Hello{character}Bcc: eve@example.org")
