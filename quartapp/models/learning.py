"""What of a page moves by itself: learned by lines, as plain data that can be kept as JSON.

Lines are compared as a set, so that their order never counts. A line that is different in each
look becomes a pattern that keeps its constant words; one that comes and goes whole (ads, quotes,
variants) becomes known. What lies in neither is what the page always says.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from quartapp.models.lens import compile_pattern, is_pattern

FEWEST, MOST = 8, 60  # looks until a page is learned
ENOUGH = 5  # looks that a line which comes and goes was in, or there may be others of its kind
MAX_LINES, MAX_PATTERNS, LINE_LENGTH = 20_000, 200, 300
MAX_STUDY = 1_000_000  # characters of all lines

WORDS = {
    "unit": "seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?",
    "half": "am|pm",
    "weekday": "mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?"
    "|sun(?:day)?",
    "month": "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?",
}
OF_TOKENS = "[A-Za-z0-9+/_-]"
# It looks ahead as far as a line may be long, and never goes back: the time of a search grows
# with the length of what is searched alone.
TOKEN = (
    rf"(?<!\w)(?={OF_TOKENS}{{8}})(?=[^\s\d]{{0,{LINE_LENGTH}}}+\d)"
    rf"(?=[^\sA-Za-z]{{0,{LINE_LENGTH}}}+[A-Za-z]){OF_TOKENS}++={{0,2}}(?!\w)"
)
SLOT = re.compile(
    rf"(?P<random>{TOKEN})"
    + "".join(rf"|(?P<{kind}>\b(?:{words})\b)" for kind, words in WORDS.items())
    + r"|(?P<number>[-+]?\d+(?:[.,]\d+)*)",
    re.IGNORECASE | re.ASCII,
)
PART_OF_TIME = re.compile(r"[-+]?\d{1,2}|(?:19|20)\d\d")
TIME_MARKS = {"", ":", "/", "T"}
PLURAL = re.compile(r"^( [a-z]+)s\b")


@dataclass(frozen=True, slots=True)
class Study:
    """In how many looks each line was, of how many; lines are in the order of the page."""

    looks: int = 0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Learned:
    patterns: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


def study_text(study: Study, text: str) -> Study:
    counts = Counter(study.counts)
    room = MAX_STUDY - sum(map(len, counts))
    for line in dict.fromkeys(text.splitlines()):
        if line not in counts:
            room -= len(line)
        if line in counts or (room >= 0 and len(counts) < MAX_LINES):
            counts[line] += 1
    return Study(study.looks + 1, dict(counts))


def study_familiar(study: Study, text: str) -> Study:
    """Study a text without what is new in it: only what moves by itself moves on.

    Nobody looks on while a page waits to be accepted; what is written or taken away meanwhile must
    not become what it says.
    """
    familiar = find_familiar(study)
    lines = dict.fromkeys(text.splitlines())
    shapes = {line: make_shape(line) for line in lines if line not in study.counts}
    joining = [line for line, shape in shapes.items() if shape in familiar]
    moved = {shapes[line] for line in joining}
    constant = [line for line, count in study.counts.items() if count == study.looks]
    kept = [line for line in constant if line in lines or make_shape(line) not in moved]
    others = [line for line in lines if line in study.counts]
    return study_text(study, "\n".join([*kept, *others, *joining]))


def find_familiar(study: Study) -> set[tuple[str, ...]]:
    """Return the shapes of lines that move, and of those that tell a time, which will."""
    shapes = {line: make_shape(line) for line in study.counts}
    return {
        shape
        for line, shape in shapes.items()
        if len(shape) > 1 and (study.counts[line] < study.looks or set(shape[1::2]) & set(WORDS))
    }


def is_learned(study: Study) -> bool:
    """Have there been looks enough; more are needed while a line was seen once or twice."""
    if study.looks < FEWEST or study.looks >= MOST:
        return study.looks >= MOST
    return all(study.counts[line] >= ENOUGH for line in conclude(study).known)


def propose_ignores(texts: Sequence[str]) -> list[str]:
    """Return patterns for the lines that differ between looks at one page."""
    study = Study()
    for text in texts:
        study = study_text(study, text)
    return list(conclude(study).patterns)


def conclude(study: Study) -> Learned:
    moving = [line for line, count in study.counts.items() if count < study.looks]
    patterns = choose_patterns(find_patterns(study, moving))
    return Learned(patterns, tuple(sorted(drop_matching(moving, patterns))))


def find_constant(study: Study, learned: Learned) -> str:
    """Return the lines that were in every look and count: what a baseline is made of."""
    lines = [line for line, count in study.counts.items() if count == study.looks]
    counted = choose_counted(lines, learned)
    return "\n".join(line for line in lines if line in counted)


def choose_counted(lines: Iterable[str], learned: Learned) -> frozenset[str]:
    known = set(learned.known)
    return frozenset(drop_matching([line for line in lines if line not in known], learned.patterns))


def drop_matching(lines: Iterable[str], patterns: Sequence[str]) -> list[str]:
    if not patterns:
        return list(set(lines))
    one = compile_pattern(join_patterns(patterns))
    return [line for line in set(lines) if not one.search(line)]


def choose_patterns(found: Sequence[str]) -> tuple[str, ...]:
    """Return the first ones, as many as RE2 takes together: a page may make them very wide."""
    patterns = tuple(found[:MAX_PATTERNS])
    while not is_pattern(join_patterns(patterns)):
        patterns = patterns[: len(patterns) // 2]
    return patterns


def join_patterns(patterns: Sequence[str]) -> str:
    return "|".join(patterns)  # one pass over a line, however many there are


def find_patterns(study: Study, moving: Sequence[str]) -> list[str]:
    """Return one pattern for each group of lines that differ in their slots alone."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for line in moving:
        if len(shape := make_shape(line)) > 1:
            groups[shape].append(line)
    return sorted(
        make_pattern(lines)
        for lines in groups.values()
        if len(lines) > 1 and sum(study.counts[line] for line in lines) >= min(3, study.looks)
    )


def make_shape(line: str) -> tuple[str, ...]:
    """Return the constant parts of a line, and between them what kind of slot there is.

    A line that is longer than LINE_LENGTH has none: it is known, or it is not.
    """
    if len(line) > LINE_LENGTH:
        return (line,)
    shape, end = [], 0
    for slot in SLOT.finditer(line):
        shape += [PLURAL.sub(r"\1", line[end : slot.start()]), str(slot.lastgroup)]
        end = slot.end()
    return (*shape, PLURAL.sub(r"\1", line[end:]))


def make_pattern(lines: Sequence[str]) -> str:
    """Return a pattern for lines of one shape; a slot that never differs stays as it is."""
    parts = [SLOT.split(line) for line in lines]
    slots = [list(SLOT.finditer(line)) for line in lines]
    width = SLOT.groups + 1
    constants = [
        max((part[at] for part in parts), key=len) for at in range(0, len(parts[0]), width)
    ]
    kinds = ["", *(str(slot.lastgroup) for slot in slots[0]), ""]
    pattern = escape(constants[0])
    for number, constant in enumerate(constants[1:]):
        values = {line[number][0] for line in slots}
        near = (constants[number], constant), {kinds[number], kinds[number + 2]}
        if len(values) == 1 and not is_time(min(values), *near):
            pattern += escape(min(values))
        else:
            pattern += make_slot(kinds[number + 1], values)
        pattern += PLURAL.sub(r"\1s?", escape(constant))
    return f"^{pattern}$"


def is_time(value: str, around: tuple[str, str], kinds: set[str]) -> bool:
    """Tell an hour or a year, which moves later, from a number that people call or pay to."""
    if re.fullmatch("|".join(WORDS.values()), value, re.IGNORECASE):
        return True
    if not PART_OF_TIME.fullmatch(value):
        return False
    return bool(kinds & set(WORDS)) or any(one.strip() in TIME_MARKS for one in around)


def make_slot(kind: str, values: set[str]) -> str:
    if kind in WORDS:
        return f"(?i:{WORDS[kind]})"
    lengths = [len(value) for value in values]
    if kind == "random":
        is_hex = all(re.fullmatch(r"[0-9a-f-]+", value) for value in values)
        letters = "0-9a-f-" if is_hex else "A-Za-z0-9+/=_-"
        return f"[{letters}]{{{min(lengths)},{max(lengths)}}}"
    return rf"[-+]?\d[\d.,]{{0,{max(lengths) + 3}}}"


def escape(value: str) -> str:
    """Escape what RE2 and Python read as more than a character; words stay readable."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)
