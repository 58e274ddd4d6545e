"""What a look does to the page of a site, worked out beside the database. Safe in a thread."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from quartapp.models.content import Missing, MissingKind, PageText, choose_lines
from quartapp.models.difference import Row, RowKind, Segments, Severity, diff_lines, grade
from quartapp.models.learning import (
    Learned,
    Study,
    choose_counted,
    drop_matching,
    escape,
    propose_ignores,
)
from quartapp.models.lens import PATTERN_LENGTH, Lens
from quartapp.models.look import Look
from quartapp.models.packed import pack, unpack
from quartapp.models.page_state import (
    NOT_YET,
    PageState,
    Watch,
    find_nearest,
    get_lines,
    is_alert,
    propose,
    watch_text,
)
from quartapp.models.tamper import DETAIL_LENGTH, TamperKind

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")  # no database keeps them all
TOLD_KINDS = {MissingKind.EMPTY, MissingKind.SELECTOR}
MOVING = {PageState.LEARNING, PageState.SUSPECT, PageState.MISSING}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a page is read, and what of where it stands tells that nothing is new."""

    is_on: bool = True
    lens: Lens = field(default_factory=Lens)
    state: PageState = PageState.LEARNING
    missing: int = 0
    answer: str = ""
    checksum: str = ""

    @property
    def is_pending(self) -> bool:
        """Tell whether the look before has shown what this one has to confirm."""
        was_told = self.state is PageState.CHANGED and not self.checksum
        return self.state is PageState.SUSPECT or was_told

    @property
    def is_moving(self) -> bool:
        """Tell whether a look may move the page that shows what the one before has shown."""
        return self.state in MOVING or self.missing > 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A page as the database has it: the large parts are packed, the newest baseline first."""

    state: PageState
    missing: int
    memory: bytes
    baselines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """A change that people are to be told; the large parts are packed."""

    kind: TamperKind
    severity: Severity
    detail: str
    added: int
    removed: int
    replaced: int
    is_cut: bool
    difference: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a page stands after a look; the large parts are packed."""

    state: PageState
    missing: int
    answer: str
    checksum: str
    memory: bytes
    is_pending: bool  # it shows a difference that a second look has to confirm
    alert: Alert | None = None


def is_same_answer(plan: Plan, look: Look) -> bool:
    """Tell, without reading it, that an answer is the one that was read last."""
    return not plan.is_moving and sum_answer(look) == plan.answer


def sum_answer(look: Look) -> str:
    """Return the checksum of all that the text is made of."""
    head = f"{look.status}\n{look.final_url}\n{look.get_header('content-type')}\n"
    return hashlib.sha256(head.encode(errors="replace") + look.body).hexdigest()


def is_new(plan: Plan, found: PageText | Missing) -> bool:
    """Tell whether a look may move the page: most texts are those of the look before."""
    if isinstance(found, Missing):
        return found.kind in TOLD_KINDS and plan.state is not PageState.MISSING
    return plan.is_moving or found.checksum != plan.checksum


def read_page(plan: Plan, old: Watch, found: PageText | Missing, look: Look) -> Reading | None:
    """Return what a look moves; None: nothing that is not known."""
    new = watch_text(old, found)
    if new == old and plan.checksum:
        return None
    is_pending = new.state not in NOT_YET and bool(new.seen - new.told)
    checksum = found.checksum if isinstance(found, PageText) and not is_pending else ""
    answer = sum_answer(look) if checksum else ""
    alert = make_alert(new, found) if is_alert(old, new) else None
    memory = pack_watch(new)
    return Reading(new.state, new.missing, answer, checksum, memory, is_pending, alert)


def make_alert(new: Watch, found: PageText | Missing) -> Alert:
    if isinstance(found, Missing):
        nothing = pack([]), pack("")
        detail = found.detail[:DETAIL_LENGTH]
        return Alert(TamperKind.MISSING, Severity.MEDIUM, detail, 0, 0, 0, False, *nothing)
    text = get_lines(found)
    before, after = compare_counted(new, text)
    seen = diff_lines(before, after)
    return Alert(
        kind=TamperKind.CHANGED,
        severity=grade(before, after),
        detail="",
        added=seen.added,
        removed=seen.removed,
        replaced=seen.replaced,
        is_cut=seen.is_cut,
        difference=pack([asdict(row) for row in seen.rows]),
        text=pack(text),
    )


def compare_counted(now: Watch, text: str) -> tuple[str, str]:
    """Return what counts of the nearest baseline and of a text, common lines in one order."""
    lines = list(dict.fromkeys(text.splitlines()))
    counted = choose_counted(lines, now.learned)
    after = [line for line in lines if line in counted]
    baseline = list(dict.fromkeys(find_nearest(now, counted).splitlines()))
    kept = choose_counted(baseline, now.learned)
    before = follow_order([line for line in baseline if line in kept], after)
    return "\n".join(before), "\n".join(after)


def follow_order(old: list[str], new: list[str]) -> list[str]:
    """Return the old lines, the common ones as in *new*, and each other below what it was below."""
    common, groups = set(old) & set(new), {"": list[str]()}
    anchor = ""
    for line in old:
        if line in common:
            anchor = line
            groups[anchor] = []
        else:
            groups[anchor].append(line)
    ordered = groups[""]
    for line in new:
        ordered += [line, *groups[line]] if line in common else []
    return ordered


# --- as the database keeps it


def pack_watch(now: Watch) -> bytes:
    """Pack all but what has columns or a table of its own."""
    return pack(
        {
            "before": now.before,
            "study": asdict(now.study),
            "learned": asdict(now.learned),
            "seen": sorted(now.seen),
            "told": sorted(now.told),
            "differing": now.differing,
            "restless": now.restless,
        }
    )


def unpack_watch(page: Kept | None, lens: Lens) -> Watch:
    """Return where a page stands; what is ignored by now is in no baseline."""
    if page is None:
        return Watch()
    kept = unpack(page.memory)
    learned = Learned(tuple(kept["learned"]["patterns"]), tuple(kept["learned"]["known"]))
    now = Watch(
        state=page.state,
        before=PageState(kept["before"]),
        study=Study(**kept["study"]),
        learned=learned,
        baselines=tuple(drop_ignored(unpack(text), lens) for text in page.baselines),
        seen=frozenset(kept["seen"]),
        told=frozenset(kept["told"]),
        missing=page.missing,
        differing=tuple(kept.get("differing", ())),
        restless=kept.get("restless", 0),
    )
    current = now.before if now.state is PageState.MISSING else now.state
    return replace(propose(now), state=now.state) if current is PageState.UNCONFIRMED else now


def drop_ignored(text: str, lens: Lens) -> str:
    return "\n".join(choose_lines(text.splitlines(), Lens(ignore=lens.ignore)))


def unpack_rows(data: bytes) -> list[Row]:
    return [make_row(**kept) for kept in unpack(data)]


def make_row(kind: str, old: list[Any], new: list[Any], **rest: int) -> Row:
    return Row(RowKind(kind), old=tuple(map(tuple, old)), new=tuple(map(tuple, new)), **rest)


# --- what people may ignore of it


def propose_patterns(rows: Sequence[Row]) -> list[str]:
    """Return patterns for the lines that differ: of what moves in them, else of all they say."""
    changed = [row for row in rows if row.kind not in (RowKind.SAME, RowKind.GAP)]
    old = [join(row.old) for row in changed if row.old]
    new = [join(row.new) for row in changed if row.new]
    lines = [*dict.fromkeys(old + new)]
    found = propose_ignores(["\n".join(old), "\n".join(new)])
    patterns = [pattern for pattern in found if len(pattern) <= PATTERN_LENGTH]
    patterns += sorted(map(quote_line, drop_matching(lines, patterns)))
    return [CONTROL.sub(".", pattern) for pattern in patterns]


def join(line: Segments) -> str:
    return "".join(text for text, _ in line)


def quote_line(line: str) -> str:
    """Return a pattern for a line, or for all that begin as it does where it is long."""
    if len(pattern := f"^{escape(line)}$") <= PATTERN_LENGTH:
        return pattern
    return f"^{escape(line[: PATTERN_LENGTH // 2 - 1])}"
