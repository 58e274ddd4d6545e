"""Was a page changed: the states it goes through, and the rules that move it.

A page is learned, a person accepts what it says, and from then on a difference that is there in
two looks one after the other is told of, once. Errors, empty pages and selectors without a match
are no changes.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from quartapp.models.content import Missing, MissingKind, PageText
from quartapp.models.learning import (
    Learned,
    Study,
    choose_counted,
    conclude,
    find_constant,
    is_learned,
    study_text,
)

MISSING_AFTER = 6  # looks in a row without what a selector asks for
MAX_BASELINES = 5  # variants of a page that people accepted
MAX_TOLD = 5000  # lines


class TamperState(StrEnum):
    LEARNING = "learning"
    UNCONFIRMED = "unconfirmed"  # learned; nobody has accepted yet what it says
    STEADY = "steady"
    SUSPECT = "suspect"  # a difference was seen once
    CHANGED = "changed"  # people were told
    MISSING = "missing"  # a selector finds nothing; people were told


NOT_YET = {TamperState.LEARNING, TamperState.UNCONFIRMED}


@dataclass(frozen=True, slots=True)
class Watch:
    """Where a page stands, as plain data. Differences are marks: + or -, and a line's checksum."""

    state: TamperState = TamperState.LEARNING
    before: TamperState = TamperState.LEARNING  # the state that it went missing from
    study: Study = field(default_factory=Study)
    learned: Learned = field(default_factory=Learned)
    baselines: tuple[str, ...] = ()  # texts, the newest first
    seen: frozenset[str] = frozenset()  # the difference in the look before
    told: frozenset[str] = frozenset()  # differences that people know
    missing: int = 0  # looks in a row


def watch_text(now: Watch, found: PageText | Missing) -> Watch:
    if isinstance(found, Missing):
        return miss(now) if found.kind is MissingKind.SELECTOR else now
    state = now.before if now.state is TamperState.MISSING else now.state
    now = replace(now, state=state, missing=0)
    text = get_lines(found)
    return learn(now, text) if state in NOT_YET else compare(now, text)


def get_lines(found: PageText) -> str:
    """Return the text; what has none is its checksum."""
    return found.text or f"[{found.media_type}] {found.checksum}"


def miss(now: Watch) -> Watch:
    if now.state is TamperState.MISSING:
        return now
    if now.missing + 1 < MISSING_AFTER:
        return replace(now, missing=now.missing + 1)
    return replace(now, state=TamperState.MISSING, before=now.state, missing=MISSING_AFTER)


def learn(now: Watch, text: str) -> Watch:
    """Study one look more; a page that waits to be accepted is learned still better."""
    study = study_text(now.study, text)
    if now.state is TamperState.LEARNING and not is_learned(study):
        return replace(now, study=study)
    learned = conclude(study)
    baselines = (find_constant(study, learned),)
    return replace(
        now, state=TamperState.UNCONFIRMED, study=study, learned=learned, baselines=baselines
    )


def compare(now: Watch, text: str) -> Watch:
    seen = find_difference(now, text)
    if not seen:
        return replace(now, state=TamperState.STEADY, seen=seen)
    lasting = seen & now.seen
    if lasting - now.told:
        told = frozenset(sorted(now.told | lasting)[:MAX_TOLD]) | lasting
        return replace(now, state=TamperState.CHANGED, seen=seen, told=told)
    if lasting or seen <= now.told:
        return replace(now, state=TamperState.CHANGED, seen=seen)
    return replace(now, state=TamperState.SUSPECT, seen=seen)


def find_difference(now: Watch, text: str) -> frozenset[str]:
    """Return the marks of what a text adds to the nearest baseline, and of what it lacks."""
    lines = choose_counted(text.splitlines(), now.learned)
    baselines = [choose_counted(one.splitlines(), now.learned) for one in now.baselines]
    nearest = min(baselines, key=lambda one: len(one ^ lines))
    added = {mark("+", line) for line in lines - nearest}
    return frozenset(added | {mark("-", line) for line in nearest - lines})


def mark(sign: str, line: str) -> str:
    return sign + hashlib.sha256(line.encode(errors="replace")).hexdigest()[:32]


def is_alert(old: Watch, new: Watch) -> bool:
    """Have people to be told of the step from *old* to *new*."""
    went = new.state is TamperState.MISSING is not old.state
    return went or bool(new.told - old.told)


def accept_baseline(now: Watch, found: PageText | None = None) -> Watch:
    """Let a person accept what was learned or, with *found*, what the page says by now."""
    if now.state is TamperState.LEARNING or (found is None and not now.baselines):
        raise ValueError("The page is not learned yet.")
    newest = () if found is None else (get_lines(found),)
    baselines = tuple(dict.fromkeys(newest + now.baselines))[:MAX_BASELINES]
    nothing: frozenset[str] = frozenset()
    return replace(
        now,
        state=TamperState.STEADY,
        study=Study(),
        baselines=baselines,
        seen=nothing,
        told=nothing,
    )
