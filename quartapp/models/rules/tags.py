"""The tags of a page, in time that grows with its length only.

A tree would take minutes for a page that nests without end; no rule needs one.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_TAGS = 10_000  # of those that rules ask for
MAX_REST = 20_000  # characters of a tag
ASKED = "audio|base|button|embed|form|frame|iframe|img|input|link|meta|object|script|source|video"
# What is in these is text to browsers, or is not shown.
RAW = "iframe|noembed|noframes|script|style|template|textarea|title|xmp"

VALUE = r"""\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+)"""
ATTRIBUTE = rf"[^\s/>][^\s/>=]*+(?:{VALUE})?+"
REST = rf"(?:[\s/]++|{ATTRIBUTE})*+(?:>|\Z)"
NAMES = rf"(?:{ASKED}|{RAW})(?=[\s/>]|\Z)"
COMMENT = r"<!--(?:>|->|.*?(?:--!?>|\Z))"
OTHER = rf"</?(?!{NAMES})[a-z][^\s/>]*+{REST}|</{NAMES}{REST}|<[!?/][^>]*+(?:>|\Z)"
SKIPPED = rf"(?:[^<]++|<(?![a-z!?/])|{COMMENT}|{OTHER})*+"
FLAGS = re.IGNORECASE | re.DOTALL | re.ASCII
NEXT = re.compile(rf"{SKIPPED}<(?P<name>{NAMES})(?P<rest>{REST})", FLAGS)
PAIR = re.compile(r"""([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s>]*+)))?+""")
ENDS = {name: re.compile(rf"</{name}(?=[\s/>]|\Z)", FLAGS) for name in RAW.split("|")}


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""  # of the title only

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def is_stylesheet(self) -> bool:
        return self.name == "link" and "stylesheet" in self.get("rel").lower().split()


def read_tags(page: str) -> Iterator[Tag]:
    """Yield the tags that rules ask for, as a browser without scripts would see them."""
    position = 0
    while found := NEXT.match(page, position):
        name = found["name"].lower()
        position = end = found.end()
        if name in ENDS:
            close = ENDS[name].search(page, end)
            position = close.start() if close else len(page)
        text = unescape(page[end : min(position, end + 300)]) if name == "title" else ""
        yield Tag(name, read_attributes(found["rest"][:MAX_REST]), " ".join(text.split()))


def read_attributes(rest: str) -> dict[str, str]:
    """Return the attributes; of two with one name the first counts, as in browsers."""
    attributes: dict[str, str] = {}
    for name, *values in PAIR.findall(rest):
        attributes.setdefault(name.lower(), unescape("".join(values)))
    return attributes


def unescape(text: str) -> str:
    """Return what a browser reads; as it is where a number has more digits than Python takes."""
    try:
        return html.unescape(text)
    except ValueError:
        return text
