"""What files of other programs that watch sites have in common: what fits, and what is told."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quartapp.models.check import MAX_INTERVAL, MAX_THRESHOLD, MIN_INTERVAL
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.expectation import STATUSES_LENGTH, WORD_LENGTH
from quartapp.models.json_path import PATH_LENGTH, clean_path
from quartapp.models.text import clean_line
from quartapp.services.site_file import Row

DURATION_LENGTH = 50  # characters
ALIKE = {"GET", "HEAD"}  # a site that answers one of them answers the other


class UnfitError(ValueError):
    """Nothing here does what is asked: to look in another way would tell what is not so."""


@dataclass
class Draft:
    """A site on its way from another program: what was found to fit, and what was not."""

    line: int
    name: str = ""
    url: str = ""
    content: str = ""
    group: str = ""
    check: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, what: str) -> None:
        self.left_out.append(show(what, 100))

    def set_interval(self, seconds: float, what: str) -> None:
        interval = round(min(max(seconds, MIN_INTERVAL), MAX_INTERVAL))
        self.check["interval"] = interval
        if interval != seconds:
            self.leave_out(f"{what} (it is {interval} s here)")

    def set_threshold(self, name: str, looks: int, what: str) -> None:
        self.check[name] = min(max(looks, 1), MAX_THRESHOLD)
        if looks > MAX_THRESHOLD:
            self.leave_out(f"{what} (it is {MAX_THRESHOLD} here)")

    def set_method(self, method: str) -> None:
        if method.upper() not in ALIKE:
            raise UnfitError(f"method {show(method, 20)}: sites are asked by GET")
        if method.upper() != "GET":
            self.leave_out(f"method {method}")

    def set_headers(self, names: Iterable[object]) -> None:
        """Tell of headers by their names alone: their values may be secrets."""
        if found := ", ".join(map(str, names)):
            self.leave_out(f"headers ({found})")

    def set_statuses(self, statuses: str) -> None:
        if not statuses or len(statuses) > STATUSES_LENGTH:
            raise UnfitError("no list of statuses here says the same")
        self.check["statuses"] = statuses

    def set_word(self, column: str, words: str, what: str) -> None:
        if column in self.check or not fits(clean_line, words, WORD_LENGTH):
            self.leave_out(what)
        else:
            self.check[column] = clean_line(words)

    def set_json(self, path: str, value: str, what: str) -> None:
        is_free = "json_path" not in self.check and path
        if is_free and fits(clean_path, path, PATH_LENGTH) and fits(clean_line, value, WORD_LENGTH):
            self.check |= {"json_path": clean_path(path), "json_value": clean_line(value)}
        else:
            self.leave_out(what)

    def make_row(self) -> Row:
        values: dict[str, Any] = {"name": self.name, "url": self.url, "content": self.content}
        if self.group and not fits(clean_line, self.group, NAME_LENGTH):
            self.leave_out("group")
            self.group = ""
        values |= {"check": self.check, "group": clean_line(self.group)}
        return Row(self.line, values, left_out=tuple(self.left_out))

    def make_fault(self, error: ValueError) -> Row:
        who = f"{show(self.name, 60)}: " if self.name else ""
        return Row(self.line, {}, f"{who}{error}")


def show(text: object, most: int) -> str:
    """Return a line that no terminal takes for a command, of so many characters at most."""
    line = "".join(char if char.isprintable() else " " for char in str(text)[: most + 1])
    return line if len(line) <= most else f"{line[: most - 1]}…"


def fits(clean: Callable[[str], str], value: str, most: int) -> bool:
    try:
        return 0 < len(clean(value)) <= most
    except ValueError:
        return False


def take(values: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    """Return a value of this kind; *default* where it is not there, or null."""
    value = values.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnfitError(f"{key} is not as it should be")
    return value


def tell_apart(rows: Sequence[Row]) -> list[Row]:
    """Add the group to names that stand there more than once, as names here are of one site."""
    counts = Counter(row.values.get("name") for row in rows)
    return [name_apart(row) if counts[row.values.get("name")] > 1 else row for row in rows]


def name_apart(row: Row) -> Row:
    if not row.values.get("group"):
        return row
    name = f"{row.values['name']} ({row.values['group']})"
    return replace(row, values={**row.values, "name": name})


def read_seconds(duration: str) -> float:
    """Return what Go writes as "1m30s"; ValueError for anything else."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    is_short = len(duration) <= DURATION_LENGTH
    if not is_short or not re.fullmatch(r"(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+", duration, re.ASCII):
        raise ValueError(duration)
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)", duration, re.ASCII)
    return sum(float(number) * units[unit] for number, unit in parts)
