from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from quartapp.api.v1.schemas.base import (
    ONE_LINE,
    AskedId,
    Day,
    In,
    Out,
    Patch,
    Query,
    RowId,
    omittable,
)
from quartapp.api.v1.schemas.comment import CommentBody
from quartapp.api.v1.schemas.paging import NumberQuery, PageOut, Several
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.bug import BODY_LENGTH, RULE_LENGTH, TITLE_LENGTH, Change, Order
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.text import clean_line, clean_text
from quartapp.services.bug import MAX_AT_ONCE

BugTitle = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=TITLE_LENGTH), ONE_LINE
]
BugBody = Annotated[str, AfterValidator(clean_text), Field(max_length=BODY_LENGTH)]


class BugFilter(Query):
    """Which bugs; `q` is in the name or address of their sites."""

    q: Annotated[str, StringConstraints(max_length=NAME_LENGTH)] = ""
    state: Several[FindingState] = []
    severity: Severity | None = None
    assignee: AskedId | None = None
    entity: AskedId | None = None
    rule: Annotated[str, StringConstraints(max_length=RULE_LENGTH)] | None = None
    overdue: bool = False


class BugQuery(BugFilter, NumberQuery):
    """What is listed, and what comes first."""

    sort: Order = Order.WORST


class BugIn(In):
    """A weakness that somebody found by hand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Open list of files", "severity": "high"}]}
    )

    title: BugTitle
    severity: Severity
    body: BugBody = ""


class BugPatch(Patch):
    """The fields to change; `assignee_id` and `due_on` may be null: nobody, never."""

    state: FindingState = omittable()
    severity: Severity = omittable()
    assignee_id: RowId | None = omittable()
    due_on: Day | None = omittable()


class BugsPatch(Patch):
    """What to change of several bugs, all of them or none; `assignee_id` may be null: nobody."""

    ids: list[RowId] = Field(min_length=1, max_length=MAX_AT_ONCE)
    state: FindingState = omittable()
    severity: Severity = omittable()
    assignee_id: RowId | None = omittable()
    due_on: Day | None = omittable()


class BugOut(Out):
    """A weakness of a site; `rule` is null for what people reported."""

    id: int
    entity: SiteOut
    rule: str | None
    place: str
    title: str
    detail: str
    body: str
    severity: Severity
    state: FindingState
    opened_at: datetime
    closed_at: datetime | None
    due_on: date | None
    reporter: UserOut | None
    assignee: UserOut | None


class BugsOut(Out):
    """Bugs that were changed."""

    items: list[BugOut]


class BugPage(PageOut[BugOut]):
    """Bugs, a part of them."""


class BugNoteIn(In):
    """What somebody says about a bug."""

    body: CommentBody


class BugNoteOut(Out):
    """A line of a bug's history; `author` is null where a look wrote it."""

    id: int
    change: Change
    body: str
    author: UserOut | None
    created_at: datetime


class BugNotePage(PageOut[BugNoteOut]):
    """A bug's history, the oldest line first."""


class RuleOut(Out):
    """What looks are inspected for."""

    id: str
    severity: Severity
    title: str
    explanation: str
    remedy: str
    reference: str


class RulesOut(Out):
    """All rules, and the version of their severities."""

    version: int
    items: list[RuleOut]
