"""What moves by itself: what it costs to find that, whatever a page says."""

import pytest

from quartapp.models.learning import (
    FEWEST,
    LINE_LENGTH,
    MAX_PATTERNS,
    SLOT,
    Study,
    conclude,
    drop_matching,
    make_shape,
    study_familiar,
)
from quartapp.models.learning import study_text as study
from tests.growth import LINEAR, measure_growth

LETTERS = "abcdefghijklmnopqrst"
HOSTILE = ["a-", "/", "a.1", "aaaaaaaa.", "11111111.", "aaaaaaaa=", "1,", "mon", " ", "+"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_slots_cost_no_more_than_the_length_of_a_line(piece: str) -> None:
    def work(length: int) -> None:
        list(SLOT.finditer(piece * (length // len(piece))))

    assert measure_growth(work, 4_000) < LINEAR


def test_line_has_slots_up_to_its_greatest_length() -> None:
    line = "1" + "a " * 150
    longest, longer = line[:LINE_LENGTH], line[: LINE_LENGTH + 1]

    assert make_shape(longest) == ("", "number", longest[1:])
    assert make_shape(longer) == (longer,)


def test_line_that_is_too_long_joins_none_that_move() -> None:
    seen = Study()
    for number in range(FEWEST):
        seen = study(seen, f"a\nVisitors: {number}")
    long = f"Visitors: {'9,' * LINE_LENGTH}9"  # of the same shape

    assert study_familiar(seen, f"a\nVisitors: 99\n{long}") == Study(
        FEWEST + 1,
        {"a": FEWEST + 1, **{f"Visitors: {number}": 1 for number in range(FEWEST)}}
        | {"Visitors: 99": 1},
    )


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("/a1b2c3d4?", ["random"]),
        ("v1.4/abcd1234ef", ["number", "random"]),
        ("deadbeef:1", ["random", "number"]),
        ("abcdefgh", []),
        ("ab-12-cd", ["random"]),
        ("ab-12-c", ["number"]),
        ("aGVsbG8x==", ["random"]),
        ("éabcdefg1", ["random"]),
    ],
)
def test_token_has_eight_letters_with_a_digit_and_a_letter_to_come(
    line: str, kinds: list[str]
) -> None:
    assert list(make_shape(line)[1::2]) == kinds


def test_patterns_that_are_too_wide_together_leave_a_page_to_be_learned() -> None:
    seen = Study()
    for look in range(FEWEST):
        seen = study(seen, "\n".join(make_wide_lines(look)))
    learned = conclude(seen)

    assert 0 < len(learned.patterns) < MAX_PATTERNS
    assert learned.known == tuple(sorted(drop_matching(seen.counts, learned.patterns)))


def make_wide_lines(look: int) -> list[str]:
    """Return lines of 200 kinds: each look makes some of their numbers very long."""
    places = range(4 * look, 4 * look + 4)
    numbers = [" ".join("1" * (at == place) * 150 or "1" for at in range(30)) for place in places]
    return [f"{one}{two} {rest}" for one in "abcdefghij" for two in LETTERS for rest in numbers]
