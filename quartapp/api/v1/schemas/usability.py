from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from quartapp.api.v1.schemas.base import Moment, Out, Query
from quartapp.api.v1.schemas.paging import PageOut, PageQuery, Several
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.look import Outcome
from quartapp.models.usability import State
from quartapp.services.paging import MAX_SIZE


class UsabilityFilter(Query):
    """Which sites."""

    q: Annotated[str, StringConstraints(max_length=NAME_LENGTH)] = ""
    state: Several[State] = []


class UsabilityQuery(UsabilityFilter, PageQuery):
    """What is listed."""


class ResultFilter(Query):
    """All results, or those before a moment."""

    before: Moment | None = None


class ResultQuery(ResultFilter):
    """The newest results, or those before a moment."""

    per_page: int = Field(20, ge=1, le=MAX_SIZE)


class SiteOut(Out):
    """Which site."""

    id: int
    name: str
    slug: str
    url: str


class OutageOut(Out):
    """A while in which a site was away; it still is where `ended_at` is null."""

    id: int
    entity_id: int
    started_at: datetime
    ended_at: datetime | None
    reason: str
    cause: str


class OutagePage(PageOut[OutageOut]):
    """Outages, the newest first."""


class UsabilityOut(Out):
    """Where a site stands, since when, and the outage that lasts."""

    entity: SiteOut
    state: State
    state_since: datetime | None
    looked_at: datetime | None
    certificate_until: datetime | None
    outage: OutageOut | None


class UsabilityPage(PageOut[UsabilityOut]):
    """Where the sites stand."""


class FiguresOut(Out):
    """Looks by outcome; times in seconds, known ones only; `uptime` is a share of them."""

    ok: int
    fail: int
    error: int
    up: float
    down: float
    maintenance: float
    uptime: float | None
    p50: float | None
    p95: float | None
    p99: float | None


class WindowsOut(Out):
    """How a site did lately; the long ones start with a full hour."""

    last_24_hours: FiguresOut
    last_7_days: FiguresOut
    last_30_days: FiguresOut
    last_365_days: FiguresOut


class UsabilityOfOne(UsabilityOut):
    """Where one site stands, and how it did; `last_day` is `figures.last_24_hours`."""

    last_day: FiguresOut
    figures: WindowsOut


class HistoryQuery(Query):
    """Which while; unsaid, it ends now, and has 24 hours or 30 days."""

    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    step: Literal["hour", "day"] = "hour"


class PointOut(Out):
    """How a site did in an hour or a day (UTC); `unknown` are the seconds of which nobody knows."""

    start_at: datetime
    unknown: float
    figures: FiguresOut


class HistoryOut(Out):
    """One point for each hour or day, the oldest first."""

    step: Literal["hour", "day"]
    items: list[PointOut]


class ResultOut(Out):
    """What one look found; times in seconds."""

    slot_at: datetime
    started_at: datetime
    outcome: Outcome
    reason: str
    detail: str
    state: State
    status: int | None
    waited: float
    dns: float | None
    connect: float | None
    tls: float | None
    first_byte: float | None
    total: float


class ResultPage(PageOut[ResultOut]):
    """Results, the newest first."""
