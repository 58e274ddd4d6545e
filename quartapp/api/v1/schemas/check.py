from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, Flag, Out, Patch, Whole, omittable
from quartapp.models.check import ADMIN_INTERVAL, MAX_INTERVAL, MAX_THRESHOLD
from quartapp.models.expectation import STATUSES_LENGTH, WORD_LENGTH, clean_statuses
from quartapp.models.json_path import PATH_LENGTH, PATTERN, clean_path
from quartapp.models.text import clean_line

STATUS = "[1-5][0-9]{2}(-[1-5][0-9]{2})?"
Interval = Annotated[Whole, Field(ge=ADMIN_INTERVAL, le=MAX_INTERVAL)]
Threshold = Annotated[Whole, Field(ge=1, le=MAX_THRESHOLD)]
Statuses = Annotated[
    str,
    StringConstraints(max_length=STATUSES_LENGTH),
    AfterValidator(clean_statuses),
    Field(
        min_length=3,
        max_length=STATUSES_LENGTH,
        json_schema_extra={
            "pattern": r"^ *[1-5]\d\d(-[1-5]\d\d)?( *, *[1-5]\d\d(-[1-5]\d\d)?)* *$"
        },
    ),
]
Word = Annotated[str, AfterValidator(clean_line), Field(max_length=WORD_LENGTH), ONE_LINE]
JsonPath = Annotated[
    str,
    AfterValidator(clean_path),
    Field(max_length=PATH_LENGTH, json_schema_extra={"pattern": f"^ *({PATTERN})? *$"}),
]


class CheckPatch(Patch):
    """How a site is looked at: the fields to change."""

    interval: Interval = omittable()
    down_after: Threshold = omittable()
    up_after: Threshold = omittable()
    statuses: Statuses = omittable()
    present: Word = omittable()
    absent: Word = omittable()
    json_path: JsonPath = omittable()
    json_value: Word = omittable()
    is_paused: Flag = omittable()


class CheckOut(Out):
    """How a site is looked at, and when; times in seconds."""

    entity_id: int
    interval: int
    timeout: float
    down_after: int
    up_after: int
    statuses: str
    present: str
    absent: str
    json_path: str
    json_value: str
    is_paused: bool
    due_at: datetime | None
