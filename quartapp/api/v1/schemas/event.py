from datetime import datetime

from pydantic import Field

from quartapp.api.v1.schemas.base import AskedId, Out, Query
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.event import EventKind, Topic
from quartapp.services.paging import MAX_SIZE


class EventFilter(Query):
    """Which events."""

    entity: AskedId | None = None
    topic: Topic | None = None


class EventQuery(EventFilter):
    """The newest events, or those before an id."""

    before: AskedId | None = None
    per_page: int = Field(20, ge=1, le=MAX_SIZE)


class EventOut(Out):
    """What happened; `subject_id` is the id of the outage, change, bug or comment it is about."""

    id: int
    kind: EventKind
    at: datetime
    entity: SiteOut
    title: str
    detail: str
    subject_id: int | None
    author: UserOut | None


class EventPage(PageOut[EventOut]):
    """Events, the newest first."""
