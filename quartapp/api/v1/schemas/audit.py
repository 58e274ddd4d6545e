from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from quartapp.api.v1.schemas.base import Day, Out
from quartapp.api.v1.schemas.paging import NumberQuery, PageOut
from quartapp.models import Action
from quartapp.models.user import EMAIL_LENGTH


class AuditQuery(NumberQuery):
    """Which page; `person` is a part of the name of who did something, or to whom it was done.

    `from` and `to` are days (UTC), both of them included.
    """

    action: Action | Literal[""] = ""
    person: Annotated[str, StringConstraints(max_length=EMAIL_LENGTH)] = ""
    from_: Day | None = Field(None, alias="from")
    to: Day | None = None


class AuditEventOut(Out):
    """What was done; names are as they were then, ids may be of what is gone."""

    id: int
    action: Action
    by_id: int | None
    by_name: str
    subject_kind: str
    subject_id: int | None
    subject_name: str
    detail: str
    address: str
    created_at: datetime


class AuditEventPage(PageOut[AuditEventOut]):
    """What was done, a part of it."""
