"""CSS selectors that take a time in line with the size of a page, whoever wrote page and selector.

The parser's own search goes back and forth between the steps of a selector, and counts the
siblings of each element anew: a page of some kB keeps it busy for minutes. So it is asked for one
step at a time, and the steps are put together here.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from quartapp.texts import Text

MAX_STEPS, MAX_ALL_STEPS = 4, 20  # of what stands between two commas, and in all
CHEAP = "first-child|last-child|only-child|empty|root"  # each looks at what is beside it only
# Possessive: with two ways to read `[a=bi]`, a chain of them has two to the power of its length.
NAME = r"[\w-]++"
VALUE = rf"(?:{NAME}|\"[^\"\\]*+\"|'[^'\\]*+')"
ATTRIBUTE = rf"\[\s*+{NAME}\s*+(?:[~|^$*]?=\s*+{VALUE}\s*+[is]?+\s*+)?\]"
PART = rf"[.#]{NAME}|{ATTRIBUTE}|:(?:{CHEAP})(?![\w(-])"
BARE = rf"(?:(?:\*|{NAME})(?:{PART})*+|(?:{PART})++)"
PARTS = rf"{PART}|:not\(\s*+{BARE}\s*+\)"
COMPOUND = rf"(?:(?:\*|{NAME})(?:{PARTS})*+|(?:{PARTS})++)"
JOINT = r"(?:\s*+[>+~,]\s*+|\s++)"
SELECTOR = re.compile(rf"{COMPOUND}(?:{JOINT}{COMPOUND})*")
STEP = re.compile(rf"(?P<joint>{JOINT})?(?P<compound>{COMPOUND})")


class Step(NamedTuple):
    joint: str  # how it is reached from the step before: " ", ">", "+" or "~"
    compound: str


def parse_selector(selector: str) -> list[list[Step]]:
    """Return the steps of each alternative; ValueError for what is not among the cheap ones."""
    if not SELECTOR.fullmatch(selector):
        raise ValueError(
            Text(
                "A selector has names, classes, ids, attributes, and of what begins with a colon"
                " :first-child, :last-child, :only-child, :empty, :root and :not() only."
            )
        )
    parts: list[list[Step]] = []
    for found in STEP.finditer(selector):
        joint = (found["joint"] or ",").strip() or " "
        if joint == ",":
            parts.append([])
        parts[-1].append(Step(joint, found["compound"]))
    return parts


class Place(NamedTuple):
    """Where an element stands; the numbers name elements, and 0 none."""

    key: int
    parent: int
    previous: int


@dataclass(frozen=True)
class Picker:
    """Finds the elements of one page."""

    parser: LexborHTMLParser

    def find(self, selector: str) -> set[int]:
        parts = parse_selector(selector)
        if all(len(steps) == 1 for steps in parts):
            return self.ask(selector)
        return set[int]().union(*map(self.follow, parts))

    def ask(self, compound: str) -> set[int]:
        return {node.mem_id for node in self.parser.css(compound)}

    def follow(self, steps: list[Step]) -> set[int]:
        found = self.ask(steps[0].compound)
        for joint, compound in steps[1:]:
            if not found:
                return found
            found = self.reach(found, joint) & self.ask(compound)
        return found

    def reach(self, found: set[int], joint: str) -> set[int]:
        """Return what is below, right below, right after or after what was found."""
        if joint == ">":
            return {place.key for place in self.places if place.parent in found}
        if joint == "+":
            return {place.key for place in self.places if place.previous in found}
        reached: set[int] = set()
        for key, parent, previous in self.places:
            before = parent if joint == " " else previous
            if before in found or before in reached:
                reached.add(key)
        return reached

    @cached_property
    def places(self) -> list[Place]:
        """All elements, parents and elder siblings first."""
        last: dict[int, int] = {}
        places = []
        for node in self.parser.root.traverse() if self.parser.root is not None else ():
            if (node.tag or "-").startswith(("-", "!")):
                continue
            parent = node.parent.mem_id if node.parent is not None else 0
            places.append(Place(node.mem_id, parent, last.get(parent, 0)))
            last[parent] = node.mem_id
        return places
