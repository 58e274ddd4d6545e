"""Conditions as Gatus writes them: `[STATUS] == 200`, as far as they can be said here."""

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from quartapp.services.site_foreign import Draft, UnfitError

MAX_CONDITIONS = 30  # of an endpoint
ALL = frozenset(range(100, 600))
BY_TEXT = {str(status): status for status in ALL}
CONDITION = re.compile(r"(?P<left>.+?) (?P<sign>==|!=|<=|>=|<|>) (?P<right>.+)", re.DOTALL)
SIGNS: dict[str, Callable[[int], Iterable[int]]] = {
    "<": lambda number: range(number),
    "<=": lambda number: range(number + 1),
    ">": lambda number: range(number + 1, 600),
    ">=": lambda number: range(number, 600),
    "==": lambda number: [number],
    "!=": lambda number: ALL - {number},
}
WORDS = re.compile(r"pat\(\*(?P<words>[^*?\[\]\\/]+)\*\)")  # a slash counts for nothing there
JSON = re.compile(r"\[BODY\](?P<path>[.\[].+)", re.DOTALL)
FUNCTION = re.compile(r"(any|pat|has|len)\(.*\)", re.DOTALL)


def read_conditions(draft: Draft, conditions: list[Any]) -> None:
    """Set what an answer must be; what else was asked is left out. Without a status any will do."""
    if len(conditions) > MAX_CONDITIONS:
        raise UnfitError(f"it has more than {MAX_CONDITIONS} conditions")
    statuses = ALL
    for condition in map(str, conditions):
        found = CONDITION.fullmatch(condition.strip())
        if found is None:
            draft.leave_out(condition)
            continue
        left, sign, right = (found[name].strip() for name in ("left", "sign", "right"))
        allowed = find_statuses(sign, right) if left == "[STATUS]" else None
        if allowed is not None:
            statuses &= allowed
        elif not (left == "[CONNECTED]" and (sign, right) == ("==", "true")):
            read_body(draft, left, sign, right)
    if not statuses:
        raise UnfitError("its conditions let no status be right")
    draft.set_statuses(write_ranges(statuses))


def find_statuses(sign: str, right: str) -> frozenset[int] | None:
    """Return the statuses that a condition lets be; None where it cannot be read."""
    if some := re.fullmatch(r"any\(([\d, ]+)\)", right, re.ASCII):
        return pick(sign, some[1].split(","))
    if not re.fullmatch(r"\d{1,4}", right, re.ASCII):
        return None
    return ALL.intersection(SIGNS[sign](int(right)))


def pick(sign: str, listed: Iterable[str]) -> frozenset[int] | None:
    named = map(BY_TEXT.get, map(str.strip, listed))
    found = frozenset(status for status in named if status is not None)
    return {"==": found, "!=": ALL - found}.get(sign)


def read_body(draft: Draft, left: str, sign: str, right: str) -> None:
    what = f"{left} {sign} {right}"
    words, path = WORDS.fullmatch(right), JSON.fullmatch(left)
    if left == "[BODY]" and words and sign in ("==", "!="):
        draft.set_word("present" if sign == "==" else "absent", words["words"], what)
    elif path and sign == "==" and not FUNCTION.fullmatch(right):
        draft.set_json(f"${path['path']}", right, what)
    else:
        draft.leave_out(what)


def write_ranges(statuses: Iterable[int]) -> str:
    """Return numbers as "200-299, 401"."""
    runs = groupby(enumerate(sorted(statuses)), lambda pair: pair[1] - pair[0])
    parts = [[status for _, status in run] for _, run in runs]
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
