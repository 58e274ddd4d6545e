from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from quartapp.api.v1.schemas.base import (
    ONE_LINE,
    AskedId,
    In,
    Moment,
    Out,
    Patch,
    RowId,
    Whole,
    omittable,
)
from quartapp.api.v1.schemas.paging import NumberQuery, PageOut
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.models.maintenance import TITLE_LENGTH, ZONE_LENGTH
from quartapp.models.text import clean_line
from quartapp.models.window import MAX_MINUTES

Title = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=TITLE_LENGTH), ONE_LINE
]


StartTime = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class MaintenanceQuery(NumberQuery):
    """Which windows: those of a site, and of all sites."""

    entity: AskedId | None = None


class WindowIn(In):
    """A window that comes once (`starts_at`, `ends_at`), or on `weekdays` (1 is Monday)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "New disks",
                    "timezone": "Europe/Berlin",
                    "weekdays": "67",
                    "start_time": "02:30",
                    "minutes": 90,
                }
            ]
        }
    )

    title: Title
    timezone: Annotated[str, Field(max_length=ZONE_LENGTH)] = "UTC"
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    weekdays: Annotated[str, Field(pattern="^[1-7]{0,7}$")] = ""
    start_time: StartTime | None = None
    minutes: Annotated[Whole, Field(ge=1, le=MAX_MINUTES)] | None = None


class WindowPatch(Patch):
    """The fields to change; what is null is taken away."""

    title: Title = omittable()
    timezone: Annotated[str, Field(max_length=ZONE_LENGTH)] = omittable()
    starts_at: Moment | None = omittable()
    ends_at: Moment | None = omittable()
    weekdays: Annotated[str, Field(pattern="^[1-7]{0,7}$")] = omittable()
    start_time: StartTime | None = omittable()
    minutes: Annotated[Whole, Field(ge=1, le=MAX_MINUTES)] | None = omittable()


class MaintenanceIn(WindowIn):
    """A window of one site, or of all where `entity_id` is null."""

    entity_id: RowId | None = None


class MaintenanceOut(Out):
    """A window; `open_until` is null while it is not open, `next_at` where none follows."""

    id: int
    entity: SiteOut | None
    title: str
    timezone: str
    starts_at: datetime | None
    ends_at: datetime | None
    weekdays: str
    start_time: str | None
    minutes: int | None
    open_until: datetime | None
    next_at: datetime | None


class MaintenancePage(PageOut[MaintenanceOut]):
    """Windows, the newest first."""
