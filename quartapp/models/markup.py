"""How much of a hostile page is given to the parser, whose work grows with the square of some."""

import re

TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)([^>]*)")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
SEPARATORS = re.compile(r"[\s/]+")
MAX_TAGS = 100_000
MAX_WORK = 6_000_000  # steps that the parser takes up and down its stacks: some 100 ms
MANY = 500  # characters within a tag, before its attributes are counted
REACH = 16  # how far up an end tag is looked for; what is further counts as open
# They end by themselves, or nest only within others that count.
UNCOUNTED_NAMES = (
    "area base br col embed hr img input link meta param source track wbr p li dt dd option "
    "optgroup tr td th thead tbody tfoot colgroup rp rt html head body"
)
UNCOUNTED = frozenset(UNCOUNTED_NAMES.split())
# What is open of these is opened again in each block that follows.
FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
FORMATTING = frozenset(FORMATTING_NAMES.split())
BOUNDARIES_NAMES = "table caption template object applet marquee select svg math"
BOUNDARIES = frozenset(BOUNDARIES_NAMES.split())


def bound_markup(html: str) -> tuple[str, bool]:
    """Return the part of a page that is parsed in due time, and whether that is less than all."""
    stack: list[str] = []
    formats = dict.fromkeys(FORMATTING, 0)
    work = active = 0
    for number, tag in enumerate(TAG.finditer(html)):
        name, rest = tag[2].lower(), tag[3]
        work += len(stack) + 16 * active + (count_attributes(rest) ** 2 if len(rest) > MANY else 0)
        if number >= MAX_TAGS or work > MAX_WORK:
            return html[: tag.start()], True
        if name in formats and (not tag[1] or formats[name]):
            change = -1 if tag[1] else 1
            formats[name] += change
            active += change
        if tag[1]:
            close(stack, name)
        elif name not in UNCOUNTED:
            stack.append(name)
    return html, False


def close(stack: list[str], name: str) -> None:
    for depth, found in enumerate(stack[: -REACH - 1 : -1], 1):
        if found == name:
            del stack[-depth:]
        if found == name or found in BOUNDARIES:
            return


def count_attributes(rest: str) -> int:
    return len(SEPARATORS.split(QUOTED.sub(" ", rest)))
