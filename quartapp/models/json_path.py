"""Where a value stands in JSON: the part of JSONPath (RFC 9535) that is quick on any document.

There are names, numbers, slices, `*` and `..`; no filters, functions or lists of selectors.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from quartapp.texts import Text

PATH_LENGTH = 200  # characters
MAX_NODES = 200_000  # values that one search may come by

UNSHOWN = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # controls, direction marks
NAME = rf"[^\x00-@\[-^`{{-~{UNSHOWN}][^\x00-/:-@\[-^`{{-~{UNSHOWN}]*"
QUOTED = rf"'[^\x00-\x1f'\\{UNSHOWN}]*'|\x22[^\x00-\x1f\x22\\{UNSHOWN}]*\x22"
STRIDE = "-?[1-9][0-9]{0,14}"
INDEX = f"(?:0|{STRIDE})"
BRACKET = rf"{QUOTED}|\*|{INDEX}?:{INDEX}?(?::(?:{STRIDE})?)?|{INDEX}"
STEP = rf"\.\.?(?:{NAME}|\*)|(?:\.\.)?\[(?:{BRACKET})\]"
PATTERN = rf"\$(?:{STEP})*"  # it reads alike in ECMA-262, for the clients of the API

PATH = re.compile(PATTERN)
STEPS = re.compile(rf"(?P<deep>\.\.)?\.?(?:\[(?P<bracket>{BRACKET})\]|(?P<name>{NAME}|\*))")
REFUSAL = Text(
    "A path looks like $.status, $.items[0]['name'] or $..id: it starts with $, and names,"
    " numbers, slices, * and .. may follow."
)


class TooManyNodesError(ValueError):
    """A search that would go on for too long."""


@dataclass(frozen=True, slots=True)
class Step:
    selector: str | int | slice | None  # None: all there is
    is_deep: bool  # also in all that is inside


@dataclass(slots=True)
class Purse:
    """What a search may still spend."""

    nodes: int = MAX_NODES

    def pay(self, nodes: int) -> None:
        self.nodes -= nodes
        if self.nodes < 0:
            raise TooManyNodesError


def clean_path(value: str) -> str:
    """Return a path as it is kept, or "" where there is none; else ValueError."""
    path = value.strip(" ")
    if path and not PATH.fullmatch(path):
        raise ValueError(REFUSAL)
    return path


def find_nodes(root: object, path: str) -> list[Any]:
    """Return the values that a path leads to; TooManyNodesError where that takes too long."""
    purse, nodes = Purse(), [root]
    for step in parse_path(path):
        starts = descend(nodes, purse) if step.is_deep else nodes
        nodes = [found for node in starts for found in choose(node, step.selector, purse)]
    return nodes


def parse_path(path: str) -> list[Step]:
    return [
        Step(read_selector(found["bracket"], found["name"]), found["deep"] is not None)
        for found in STEPS.finditer(path, 1)
    ]


def read_selector(bracket: str | None, name: str | None) -> str | int | slice | None:
    text = bracket or name or ""
    if text == "*":
        return None
    if bracket is None:
        return text
    if text[0] in "'\"":
        return text[1:-1]
    if ":" in text:
        return slice(*[int(part) if part else None for part in text.split(":")])
    return int(text)


def descend(nodes: Sequence[object], purse: Purse) -> Iterator[object]:
    """Yield values and all that is inside, from the outside in; nothing here is recursive."""
    rest = list(reversed(nodes))
    while rest:
        node = rest.pop()
        yield node
        rest += reversed(choose(node, None, purse))


def choose(node: object, selector: str | int | slice | None, purse: Purse) -> Sequence[object]:
    """Return what a selector takes of one value; texts and numbers have nothing inside."""
    found: Sequence[object] = ()
    match node, selector:
        case dict(), None:
            found = list(node.values())
        case list(), None:
            found = node
        case dict(), str() if selector in node:
            found = (node[selector],)
        case list(), slice():
            found = node[selector]
        case list(), int() if -len(node) <= selector < len(node):
            found = (node[selector],)
    purse.pay(1 + len(found))
    return found
