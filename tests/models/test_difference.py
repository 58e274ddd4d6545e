"""What differs between two texts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.difference import Difference, Row, RowKind, Severity, diff_lines, grade

TEXTS = st.lists(st.sampled_from(["a", "b", "c d", "c e", ""]), max_size=30).map("\n".join)


def same(number: int, text: str, new_number: int | None = None) -> Row:
    return Row(RowKind.SAME, number, new_number or number, ((text, False),), ((text, False),))


def test_words_of_a_replaced_line_are_marked() -> None:
    replaced = Row(
        RowKind.REPLACED,
        2,
        2,
        (("call ", False), ("1", True), (" now", False)),
        (("call ", False), ("2", True), (" now", False)),
    )
    found = diff_lines("a\ncall 1 now\nb", "a\ncall 2 now\nb")
    assert found == Difference((same(1, "a"), replaced, same(3, "b")), replaced=1)


def test_added_and_removed_lines_have_one_number() -> None:
    assert diff_lines("a\nb", "b\nc") == Difference(
        (
            Row(RowKind.REMOVED, 1, None, (("a", True),)),
            same(2, "b", 1),
            Row(RowKind.ADDED, None, 2, (), (("c", True),)),
        ),
        added=1,
        removed=1,
    )


def test_what_is_the_same_far_away_is_a_gap() -> None:
    lines = [str(number) for number in range(1, 21)]
    found = diff_lines("\n".join(lines), "\n".join([*lines[:10], "x", *lines[10:]]))
    kinds = [(row.kind, row.hidden) for row in found.rows]
    near = [(RowKind.SAME, 0)] * 3
    assert kinds == [(RowKind.GAP, 7), *near, (RowKind.ADDED, 0), *near, (RowKind.GAP, 7)]


@given(old=TEXTS, new=TEXTS)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_both_texts_can_be_read_from_the_rows(old: str, new: str) -> None:
    found = diff_lines(old, new)
    before, after = old.splitlines(), new.splitlines()
    for row in found.rows:
        if row.old_number:
            assert "".join(text for text, _ in row.old) == before[row.old_number - 1]
        if row.new_number:
            assert "".join(text for text, _ in row.new) == after[row.new_number - 1]
    hidden = sum(row.hidden for row in found.rows)
    assert sum(row.old_number is not None for row in found.rows) + hidden == len(before)
    assert sum(row.new_number is not None for row in found.rows) + hidden == len(after)
    assert len(after) - len(before) == found.added - found.removed


def test_difference_is_cut_and_its_counts_are_not() -> None:
    found = diff_lines("", "\n".join(f"line {number} " + "x" * 90 for number in range(2000)))
    assert (found.added, found.is_cut) == (2000, True)
    assert sum(len(row.new[0][0]) for row in found.rows) < 64_000


RANDOM = random.Random(1)
LINES = 10_000
HOSTILE = {
    "one line many times": ("x\n" * LINES, "x\ny\n" * (LINES // 2)),
    "two lines": ("".join(RANDOM.choices(["a\n", "b\n"], k=LINES)), "b\na\n" * (LINES // 2)),
    "reversed": ("\n".join(map(str, range(LINES))), "\n".join(map(str, range(LINES, 0, -1)))),
    "nothing alike": ("a b c\n" * LINES, "c b a\n" * LINES),
    "small and alike": ("a\nb\n" * 1000, "b\nb\na\n" * 600),
    "small, reversed": ("\n".join(map(str, range(2400))), "\n".join(map(str, range(2400, 0, -1)))),
    "one long line": ("a b " * 60_000, "b a " * 60_000),
    "lines of words": (("a b " * 40 + "\n") * 1500, ("b c a " * 30 + "\n") * 1500),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_end(kind: str) -> None:
    found = diff_lines(*HOSTILE[kind])
    assert found.added + found.removed + found.replaced > 0


def test_grade_says_how_much_of_a_page_changed() -> None:
    text = "\n".join(f"line {number}" for number in range(10))
    assert grade(text, text) is Severity.LOW
    assert grade(text, text.replace("line 3", "x")) is Severity.LOW
    assert grade(text, text.replace("line 3", "x").replace("line 4", "y")) is Severity.MEDIUM
    assert grade(text, text.replace("line", "x")) is Severity.HIGH
    assert grade(text, "line 1") is Severity.HIGH
    assert grade("line 1", text * 2) is Severity.HIGH
