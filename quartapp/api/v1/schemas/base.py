"""What the parts of the contract have in common."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

from quartapp.security import MAX_PASSWORD

# What the rules of models/text.py come to, for clients that read the document.
ONE_LINE = Field(json_schema_extra={"pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$"})
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Of a body, in which `0` is no false and `"7"` no number; in an address all is text.
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
RowId = Annotated[Whole, Field(ge=1, le=2**63 - 1)]
AskedId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


def refuse_numbers(value: object) -> object:
    """Let a day be written in one way: a number would be taken for seconds since 1970."""
    if not isinstance(value, date) and not DAY.fullmatch(str(value)):
        raise ValueError("a day looks like 2026-12-31")
    return value


def refuse_seconds(value: object) -> object:
    """Let a moment be written in one way as well."""
    if not isinstance(value, datetime) and not DAY.match(str(value)):
        raise ValueError("a moment looks like 2026-12-31T23:59:00Z")
    return value


def to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("No calendar knows this moment.") from error


Day = Annotated[date, BeforeValidator(refuse_numbers)]
Moment = Annotated[AwareDatetime, BeforeValidator(refuse_seconds), AfterValidator(to_utc)]


class Query(BaseModel):
    """What a client asks for in an address, where all is text; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class In(BaseModel):
    """What a client sends as JSON; unknown fields are refused, and values of other types."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def omittable() -> Any:
    return Field(default=None)


def drop_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Patch(In):
    """A field that is left out is not changed; null is not the same."""

    model_config = ConfigDict(json_schema_extra=drop_defaults)
