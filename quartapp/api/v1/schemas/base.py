"""What the parts of the contract have in common."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from quartapp.security import MAX_PASSWORD

# What the rules of models/text.py come to, for clients that read the document.
ONE_LINE = Field(json_schema_extra={"pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$"})
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


def refuse_numbers(value: object) -> object:
    """Let a day be written in one way: a number would be taken for seconds since 1970."""
    if not isinstance(value, date) and not DAY.fullmatch(str(value)):
        raise ValueError("a day looks like 2026-12-31")
    return value


Day = Annotated[date, BeforeValidator(refuse_numbers)]


class In(BaseModel):
    """What a client sends; unknown fields are refused."""

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
