"""Texts that a pattern may need too long for: what it repeats, repeated, and then no end."""

import random
import re
import signal
import time
from collections.abc import Iterator, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import FrameType
from typing import Any

SHORT, LONG = 1_000, 100_000  # characters: to find what hurts most, and to judge it
WORST = 6  # texts of a pattern that are judged
MOST = 0.5  # s of CPU time for LONG characters: what is linear takes some ms
SHOWN = 40  # characters of a text that took too long
SAMPLES = 12  # of what is repeated
USUAL = " \n\ta1.-_/<>\"'\\=:,;[](){}*@%!é$"
KINDS = {op.CATEGORY_SPACE: " ", op.CATEGORY_DIGIT: "1", op.CATEGORY_WORD: "a"}
REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
NO_END = "\0"


class TooSlowError(Exception):
    pass


def find_slow(pattern: re.Pattern[Any], method: str, most: int = LONG) -> str:
    """Return how a text begins that takes too long for *most* characters; "" if none does."""
    times: dict[tuple[str, str], float] = {}
    for pump in list_pumps(pattern):
        if pump not in times:
            times[pump] = measure(pattern, method, text := write(pump, min(SHORT, most)))
            if times[pump] == MOST:
                return text[:SHOWN]
    worst = sorted(times, key=lambda pump: -times[pump])[:WORST]
    texts = [write(pump, most) for pump in worst]
    return next((text[:SHOWN] for text in texts if measure(pattern, method, text) == MOST), "")


def write(pump: tuple[str, str], length: int) -> str:
    head, piece = pump
    return f"{head}{piece * (max(0, length - len(head) - 1) // len(piece))}{NO_END}"


def measure(pattern: re.Pattern[Any], method: str, text: str) -> float:
    """Return the seconds that a search in *text* takes; MOST when it was ended by then."""
    given = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    before = signal.signal(signal.SIGVTALRM, give_up)
    start = time.perf_counter()  # the clock of CPU time ticks too seldom for most of them
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST)
    try:
        run(pattern, method, given)
        return min(time.perf_counter() - start, MOST * 0.99)
    except TooSlowError:
        return MOST
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def run(pattern: re.Pattern[Any], method: str, text: Any) -> None:
    if method in ("match", "fullmatch", "search"):
        getattr(pattern, method)(text)
    else:  # all that there is
        for _ in pattern.finditer(text):
            pass


def give_up(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


# --- what a text is made of


def list_pumps(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Yield what stands first, and what follows without end."""
    rng = random.Random(1)
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    for head, piece in list_repeats(tree, "", rng):
        yield from ((head, piece), ("", head + piece), ("", piece))
    starts = {make_sample(tree, rng) for _ in range(SAMPLES)}
    for letter in USUAL:
        yield from ((start, letter) for start in ("", "x", *starts))
    for start in starts - {""}:
        yield from ((("", start[:end])) for end in range(1, min(len(start), 40) + 1))


def list_repeats(tree: Any, head: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield samples of all that may be repeated, each behind one of what is before it."""
    for kind, value in tree:
        if kind in REPEATS:
            samples = {make_sample(value[2], rng) for _ in range(SAMPLES)} - {""}
            yield from ((head, sample) for sample in samples)
            yield from ((head, one + other) for one in samples for other in (*samples, " "))
        for part in list_parts(kind, value):
            yield from list_repeats(part, head, rng)
        head += make_sample([(kind, value)], rng)


def list_parts(kind: Any, value: Any) -> Sequence[Any]:
    if kind in REPEATS:
        return [value[2]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.SUBPATTERN, op.ASSERT, op.ASSERT_NOT):
        return [value[-1]]
    if kind is op.GROUPREF_EXISTS:
        return [part for part in value[1:] if part]
    return [value] if kind is op.ATOMIC_GROUP else []


def make_sample(tree: Any, rng: random.Random) -> str:
    """Return a text that fits, but for what is looked for around it."""
    return "".join(make_part(kind, value, rng) for kind, value in tree)


def make_part(kind: Any, value: Any, rng: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.IN:
        return choose_letter(value, rng)
    if kind in (op.ANY, op.NOT_LITERAL):
        return rng.choice("a1 -")
    if kind in REPEATS:
        least, most = int(value[0]), int(value[1])
        times = rng.randint(least, min(most, least + 2))
        return "".join(make_sample(value[2], rng) for _ in range(times))
    if kind in (op.ASSERT, op.ASSERT_NOT) or not list_parts(kind, value):
        return ""
    return make_sample(rng.choice(list_parts(kind, value)), rng)


def choose_letter(items: Sequence[Any], rng: random.Random) -> str:
    if items[0][0] is op.NEGATE:
        known = {chr(value) for kind, value in items if kind is op.LITERAL}
        known |= {KINDS[value] for kind, value in items if kind is op.CATEGORY and value in KINDS}
        return rng.choice([letter for letter in USUAL if letter not in known])
    kind, value = rng.choice(items)
    if kind is op.RANGE:
        return chr(rng.randint(*value))
    return chr(value) if kind is op.LITERAL else KINDS.get(value, "!")
