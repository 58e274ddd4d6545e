from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, AskedId, Flag, In, Out, Patch, Query, omittable
from quartapp.api.v1.schemas.paging import NumberQuery, PageOut, Several
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.difference import RowKind, Severity
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.lens import PATTERN_LENGTH, SELECTOR_LENGTH
from quartapp.models.page_state import PageState
from quartapp.models.tamper import TamperKind, TamperState
from quartapp.services.tamper import MAX_LISTED

Selector = Annotated[str, StringConstraints(min_length=1, max_length=SELECTOR_LENGTH), ONE_LINE]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=PATTERN_LENGTH), ONE_LINE]
Selectors = Annotated[list[Selector], Field(max_length=MAX_LISTED)]
Patterns = Annotated[list[Pattern], Field(max_length=MAX_LISTED)]


class TamperFilter(Query):
    """Which changes; `q` is in the name or address of their sites."""

    q: Annotated[str, StringConstraints(max_length=NAME_LENGTH)] = ""
    state: Several[TamperState] = []
    entity: AskedId | None = None


class TamperQuery(TamperFilter, NumberQuery):
    """What is listed: the newest first."""


class TamperPatch(In):
    """What becomes of a change: it is accepted, its lines count no more, or it is an incident."""

    state: Literal[TamperState.ACCEPTED, TamperState.IGNORED, TamperState.INCIDENT]


class TamperOut(Out):
    """A change that people were told; `detail` is the selector that finds nothing, if one does."""

    id: int
    entity: SiteOut
    found_at: datetime
    kind: TamperKind
    detail: str
    severity: Severity
    added: int
    removed: int
    replaced: int
    state: TamperState
    settled_at: datetime | None
    settled_by: UserOut | None


class TamperPage(PageOut[TamperOut]):
    """Changes, a part of them."""


class SegmentOut(Out):
    """A part of a line, and whether it differs."""

    text: str
    is_marked: bool


class RowOut(Out):
    """A line before and after; a gap stands for `hidden` lines that are the same."""

    kind: RowKind
    old_number: int | None
    new_number: int | None
    old: list[SegmentOut]
    new: list[SegmentOut]
    hidden: int


class DifferenceOut(Out):
    """What differs; `is_cut` tells that there is more."""

    is_cut: bool
    rows: list[RowOut]


class LessonOut(Out):
    """What was learned: patterns of lines that move, and lines that come and go whole.

    While that waits to be accepted, `text` is what the page always says, and `differing` are lines
    that the last look has shown otherwise, after a `+` or `-`.
    """

    looks: int
    patterns: list[str]
    known: list[str]
    baselines: int
    text: str
    differing: list[str]


class PageWatchPatch(Patch):
    """How a page is read: the fields to change. Selectors are CSS, patterns RE2."""

    is_on: Flag = omittable()
    exclude: Selectors = omittable()
    include: Selectors = omittable()
    ignore: Patterns = omittable()
    sort_lines: Flag = omittable()
    unique_lines: Flag = omittable()


class PageWatchOut(Out):
    """Where a page stands, how it is read, and what was learned of it."""

    entity_id: int
    state: PageState
    state_since: datetime | None
    is_on: bool
    exclude: list[str]
    include: list[str]
    ignore: list[str]
    sort_lines: bool
    unique_lines: bool
    learned: LessonOut
