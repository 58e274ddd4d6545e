"""What differs between two texts, by line and by word, for people; bounded in time and size."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from quartapp.texts import Text

CONTEXT = 3  # lines around what differs
DIFF_SIZE = 64_000  # bytes
EXACT_LINES, EXACT_WORK = 5000, 6_000_000  # lines, and steps in the worst case, for difflib
EXACT_WORDS, WORDS_BUDGET = 200, 200_000  # words of a line; pairs of words of all lines
WORD = re.compile(r"\s+|\w+|[^\w\s]")
HIGH_CHANGE, MEDIUM_CHANGE = 0.8, 0.2  # share of the lines
SHRUNK, GROWN = 0.1, 10  # of the length before
Span = tuple[str, int, int, int, int]


class RowKind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    GAP = "gap"  # lines that are the same and not shown


class Severity(StrEnum):
    LOW = Text("low")
    MEDIUM = Text("medium")
    HIGH = Text("high")


Segments = tuple[tuple[str, bool], ...]  # text, and whether it differs


@dataclass(frozen=True, slots=True)
class Row:
    kind: RowKind
    old_number: int | None = None  # from 1
    new_number: int | None = None
    old: Segments = ()
    new: Segments = ()
    hidden: int = 0  # lines that a gap stands for


@dataclass(frozen=True, slots=True)
class Difference:
    rows: tuple[Row, ...]
    added: int = 0
    removed: int = 0
    replaced: int = 0
    is_cut: bool = False  # there were more rows; the counts are of all


def diff_lines(old: str, new: str) -> Difference:
    before, after = old.splitlines(), new.splitlines()
    spans = list(find_spans(before, after))
    counts: Counter[str] = Counter()
    for tag, low, high, start, end in spans:
        pairs = min(high - low, end - start) if tag != "equal" else 0
        counts["replaced"] += pairs
        counts["removed"] += high - low - pairs if tag != "equal" else 0
        counts["added"] += end - start - pairs if tag != "equal" else 0
    rows, is_cut = fill(make_rows(before, after, spans))
    return Difference(rows, counts["added"], counts["removed"], counts["replaced"], is_cut)


def fill(rows: Iterator[Row]) -> tuple[tuple[Row, ...], bool]:
    kept: list[Row] = []
    size = 0
    for row in rows:
        size += 40 + sum(len(text.encode(errors="replace")) + 8 for text, _ in row.old + row.new)
        if size > DIFF_SIZE:
            return tuple(kept), True
        kept.append(row)
    return tuple(kept), False


def find_spans(old: Sequence[str], new: Sequence[str]) -> Iterator[Span]:
    """Yield what difflib calls opcodes, between the equal lines at both ends by a cheaper way."""
    low, most = 0, min(len(old), len(new))
    while low < most and old[low] == new[low]:
        low += 1
    tail = 0
    while tail < most - low and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    blocks = [(0, 0, low)]
    middle = old[low : len(old) - tail], new[low : len(new) - tail]
    blocks += [(one + low, two + low, size) for one, two, size in match_lines(*middle)]
    yield from to_spans([*blocks, (len(old) - tail, len(new) - tail, tail)])


def to_spans(blocks: Sequence[tuple[int, int, int]]) -> Iterator[Span]:
    at = to = 0
    for one, two, size in blocks:
        if at < one or to < two:
            tag = "replace" if at < one and to < two else "delete" if at < one else "insert"
            yield tag, at, one, to, two
        at, to = one + size, two + size
        if size:
            yield "equal", one, at, two, to


def match_lines(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    if is_cheap(old, new):
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        return [(one.a, one.b, one.size) for one in matcher.get_matching_blocks() if one.size]
    return [(one, two, 1) for one, two in match_unique(old, new)]


def is_cheap(old: Sequence[str], new: Sequence[str]) -> bool:
    """Tell whether difflib ends soon: it may walk all pairs of equal lines once for each block."""
    counts = Counter(new)
    pairs = sum(counts[line] for line in old)
    return len(old) + len(new) <= EXACT_LINES and pairs * min(len(old), len(new)) <= EXACT_WORK


def match_unique(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of the lines that are in both texts once, the longest run in order."""
    singles = {line for line, count in Counter(old).items() if count == 1}
    places = {line: number for number, line in enumerate(new)}
    counts = Counter(new)
    pairs = [
        (number, places[line])
        for number, line in enumerate(old)
        if line in singles and counts[line] == 1
    ]
    ends: list[int] = []
    tops: list[int] = []
    links: list[int] = []
    for index, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        links.append(tops[at - 1] if at else -1)
        ends[at : at + 1], tops[at : at + 1] = [place], [index]
    found, index = [], tops[-1] if tops else -1
    while index >= 0:
        found.append(pairs[index])
        index = links[index]
    return found[::-1]


def make_rows(old: Sequence[str], new: Sequence[str], spans: Sequence[Span]) -> Iterator[Row]:
    budget = WORDS_BUDGET
    for number, (tag, low, high, start, end) in enumerate(spans):
        if tag == "equal":
            edges = number > 0, number < len(spans) - 1
            yield from fold(old, low, high, start, *edges)
            continue
        pairs = min(high - low, end - start)
        for step in range(pairs):
            before, after = old[low + step], new[start + step]
            marked, work = mark_words(before, after, budget)
            budget -= work
            yield Row(RowKind.REPLACED, low + step + 1, start + step + 1, *marked)
        for at in range(low + pairs, high):
            yield Row(RowKind.REMOVED, at + 1, None, ((old[at], True),))
        for at in range(start + pairs, end):
            yield Row(RowKind.ADDED, None, at + 1, (), ((new[at], True),))


def fold(
    lines: Sequence[str], low: int, high: int, start: int, has_above: bool, has_below: bool
) -> Iterator[Row]:
    """Yield the lines next to what differs, and one row for those between."""
    head = low + CONTEXT * has_above
    tail = high - CONTEXT * has_below
    if tail - head < 1:
        head = tail = high
    for at in [*range(low, head), -1, *range(tail, high)]:
        if at >= 0:
            same = ((lines[at], False),)
            yield Row(RowKind.SAME, at + 1, start + at - low + 1, same, same)
        elif tail > head:
            yield Row(RowKind.GAP, hidden=tail - head)


def mark_words(old: str, new: str, budget: int) -> tuple[tuple[Segments, Segments], int]:
    """Return both lines with the words marked that differ, and what that cost."""
    before, after = WORD.findall(old), WORD.findall(new)
    work = len(before) * len(after)
    if max(len(before), len(after)) > EXACT_WORDS or work > budget:
        return (((old, True),), ((new, True),)), len(before) + len(after)
    codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    left = (("".join(before[a:b]), tag != "equal") for tag, a, b, _, _ in codes)
    right = (("".join(after[c:d]), tag != "equal") for tag, _, _, c, d in codes)
    return (tuple(one for one in left if one[0]), tuple(one for one in right if one[0])), work


def grade(old: str, new: str) -> Severity:
    """Return how grave a change is, by the share of lines that are only in one of the texts.

    High: the text shrank by more than 90 %, grew more than tenfold, or 80 % of the lines changed;
    medium: from 20 % of the lines; low: less.
    """
    if len(new) < SHRUNK * len(old) or len(new) > GROWN * len(old):
        return Severity.HIGH
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    most = max(before.total(), after.total(), 1)
    share = (most - (before & after).total()) / most
    if share >= HIGH_CHANGE:
        return Severity.HIGH
    return Severity.MEDIUM if share >= MEDIUM_CHANGE else Severity.LOW
