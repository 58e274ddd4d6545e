"""Was a page changed: the states it goes through, and the rules that move it.

A page is learned, a person accepts what it says, and from then on a difference that is there in
two looks one after the other is told of, once, and one that is another in each look after a few of
them. Errors are no changes; a page without text, and a selector without a match, are told as such.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from quartapp.models.content import Missing, MissingKind, PageText
from quartapp.models.learning import (
    MOST,
    Learned,
    Study,
    choose_counted,
    conclude,
    find_constant,
    is_learned,
    study_familiar,
    study_text,
)
from quartapp.texts import Text

MAX_STUDIED = 4 * MOST  # looks at a page that nobody accepts
MISSING_AFTER = 6  # looks in a row without text, or without what a selector asks for
RESTLESS = 3  # looks in a row that differ, however they do
MAX_BASELINES = 5  # variants of a page that people accepted
MAX_TOLD = 5000  # lines
MAX_DIFFERING, MAX_WIDTH = 200, 500  # lines that are shown, and characters of each


class PageState(StrEnum):
    LEARNING = Text("learning")
    UNCONFIRMED = Text("unconfirmed")  # learned; nobody has accepted yet what it says
    STEADY = Text("steady")
    SUSPECT = Text("suspect")  # a difference was seen once
    CHANGED = Text("changed")  # people were told
    MISSING = Text("missing")  # there is no text, or a selector finds nothing; people were told


NOT_YET = {PageState.LEARNING, PageState.UNCONFIRMED}


@dataclass(frozen=True, slots=True)
class Watch:
    """Where a page stands, as plain data. Differences are marks: + or -, and a line's checksum."""

    state: PageState = PageState.LEARNING
    before: PageState = PageState.LEARNING  # the state that it went missing from
    study: Study = field(default_factory=Study)
    learned: Learned = field(default_factory=Learned)
    baselines: tuple[str, ...] = ()  # texts, the newest first
    seen: frozenset[str] = frozenset()  # the difference in the look before
    told: frozenset[str] = frozenset()  # differences that people know
    missing: int = 0  # looks in a row
    differing: tuple[str, ...] = ()  # signed lines of the last look, while nobody has accepted it
    restless: int = 0  # looks in a row with what people do not know; RESTLESS: they know that


def watch_text(now: Watch, found: PageText | Missing) -> Watch:
    if isinstance(found, Missing):
        return miss(now) if is_missing(now, found) else now
    state = now.before if now.state is PageState.MISSING else now.state
    now = replace(now, state=state, missing=0)
    text = get_lines(found)
    return learn(now, text) if state in NOT_YET else compare(now, text)


def is_missing(now: Watch, found: Missing) -> bool:
    """Tell whether people may miss something; a page that never had text lacks none."""
    had_text = bool(now.study.looks or now.baselines)
    return found.kind is MissingKind.SELECTOR or (found.kind is MissingKind.EMPTY and had_text)


def get_lines(found: PageText) -> str:
    """Return the text; what has none is its checksum."""
    return found.text or f"[{found.media_type}] {found.checksum}"


def miss(now: Watch) -> Watch:
    if now.state is PageState.MISSING:
        return now
    if now.missing + 1 < MISSING_AFTER:
        return replace(now, missing=now.missing + 1)
    return replace(now, state=PageState.MISSING, before=now.state, missing=MISSING_AFTER)


def learn(now: Watch, text: str) -> Watch:
    """Study one look more, until there were enough of them."""
    if now.state is PageState.UNCONFIRMED:
        return wait(now, text)
    study = study_text(now.study, text)
    return propose(replace(now, study=study)) if is_learned(study) else replace(now, study=study)


def wait(now: Watch, text: str) -> Watch:
    """Learn what moves still better, and note what else differs from what is to be accepted."""
    if now.study.looks < MAX_STUDIED and any(find_changes(now, text)):
        now = propose(replace(now, study=study_familiar(now.study, text)))
    added, removed = find_changes(now, text)
    lines = [f"-{line}" for line in sorted(removed)] + [f"+{line}" for line in sorted(added)]
    return replace(now, differing=tuple(line[:MAX_WIDTH] for line in lines[:MAX_DIFFERING]))


def propose(now: Watch) -> Watch:
    """Let what was learned stand for a baseline until somebody accepts it."""
    learned = conclude(now.study)
    baselines = (find_constant(now.study, learned),)
    return replace(now, state=PageState.UNCONFIRMED, learned=learned, baselines=baselines)


def compare(now: Watch, text: str) -> Watch:
    seen = find_difference(now, text)
    if not seen:
        return replace(now, state=PageState.STEADY, seen=seen, restless=0)
    lasting, untold = seen & now.seen, seen - now.told
    restless = min(now.restless + 1, RESTLESS) if untold else 0
    telling = seen if now.restless < restless == RESTLESS else lasting
    if telling - now.told:  # people are shown all of the look, so what else moves is known, too
        told = frozenset(sorted(now.told | telling)[:MAX_TOLD]) | telling
        restless = RESTLESS if restless == RESTLESS or seen - told else 0
        return replace(now, state=PageState.CHANGED, seen=seen, told=told, restless=restless)
    is_known = lasting or not untold or restless == RESTLESS
    state = PageState.CHANGED if is_known else PageState.SUSPECT
    return replace(now, state=state, seen=seen, restless=restless)


def find_difference(now: Watch, text: str) -> frozenset[str]:
    """Return the marks of what a text adds to the nearest baseline, and of what it lacks."""
    added, removed = find_changes(now, text)
    return frozenset({mark("+", line) for line in added} | {mark("-", line) for line in removed})


def find_changes(now: Watch, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the lines that a text adds to the nearest baseline, and those that it lacks."""
    lines = choose_counted(text.splitlines(), now.learned)
    nearest = choose_counted(find_nearest(now, lines).splitlines(), now.learned)
    return lines - nearest, nearest - lines


def find_nearest(now: Watch, lines: frozenset[str]) -> str:
    """Return the baseline that differs the least from the lines that count."""

    def measure(baseline: str) -> int:
        return len(choose_counted(baseline.splitlines(), now.learned) ^ lines)

    return min(now.baselines, key=measure)


def mark(sign: str, line: str) -> str:
    return sign + hashlib.sha256(line.encode(errors="replace")).hexdigest()[:32]


def is_alert(old: Watch, new: Watch) -> bool:
    """Have people to be told of the step from *old* to *new*."""
    went = new.state is PageState.MISSING is not old.state
    return went or bool(new.told - old.told)


def accept_baseline(now: Watch, found: PageText | None = None) -> Watch:
    """Let a person accept what was learned or, with *found*, what the page says by now."""
    if now.state is PageState.LEARNING or (found is None and not now.baselines):
        raise ValueError(Text("The page is not learned yet."))
    newest = () if found is None else (get_lines(found),)
    baselines = tuple(dict.fromkeys(newest + now.baselines))[:MAX_BASELINES]
    nothing: frozenset[str] = frozenset()
    return replace(
        now,
        state=PageState.STEADY,
        study=Study(),
        baselines=baselines,
        seen=nothing,
        told=nothing,
        differing=(),
        restless=0,
    )
