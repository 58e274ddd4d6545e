"""What somebody wants to see of a page: the parts and the lines that count."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from quartapp.models.selector import MAX_ALL_STEPS, MAX_STEPS, parse_selector
from quartapp.texts import Text

SELECTOR_LENGTH, PATTERN_LENGTH = 200, 500  # characters
# Lines with nothing in common: who ignores two of them is blind to what a defacer may write.
UNLIKE = (
    "Welcome to our small shop",
    "HACKED BY CREW",
    "[script] cdn.example",
    "你好 世界",
    "12 345",
)
PATTERN_MEMORY = 1 << 24  # bytes for a compiled pattern


@dataclass(frozen=True, slots=True)
class Lens:
    """Selectors are CSS; *ignore* are RE2 patterns, and a line that holds one is dropped."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    sort_lines: bool = False
    unique_lines: bool = False


def clean_selector(value: str) -> str:
    """Return a CSS selector that can be used on any page in due time; else ValueError."""
    selector = value.strip()
    if not 0 < len(selector) <= SELECTOR_LENGTH:
        raise ValueError(
            Text(
                "A selector has 1 to %(selector_length)s characters.",
                selector_length=SELECTOR_LENGTH,
            )
        )
    steps = [len(part) for part in parse_selector(selector)]
    if max(steps) > MAX_STEPS or sum(steps) > MAX_ALL_STEPS:
        raise ValueError(
            Text(
                "A selector has at most %(max_steps)s steps, %(max_all_steps)s with commas.",
                max_steps=MAX_STEPS,
                max_all_steps=MAX_ALL_STEPS,
            )
        )
    try:
        LexborHTMLParser("<p></p>").css(selector)
    except (SelectolaxError, ValueError) as error:
        raise ValueError(Text("This is not a CSS selector.")) from error
    return selector


def clean_pattern(value: str) -> str:
    """Return a pattern that takes linear time (RE2: no look-around, no backreferences)."""
    if not 0 < len(value) <= PATTERN_LENGTH:
        raise ValueError(
            Text("A pattern has 1 to %(pattern_length)s characters.", pattern_length=PATTERN_LENGTH)
        )
    try:
        found = compile_pattern(value)
    except re2.error as error:
        raise ValueError(
            Text("This is not a pattern of RE2, which has no look-around and no backreferences.")
        ) from error
    if found.search("") or sum(bool(found.search(line)) for line in UNLIKE) > 1:
        raise ValueError(Text("A pattern must not match lines of every kind."))
    return value


def is_pattern(value: str) -> bool:
    try:
        compile_pattern(value)
    except re2.error:
        return False
    return True


@lru_cache(maxsize=1000)
def compile_pattern(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    return re2.compile(pattern, options)
