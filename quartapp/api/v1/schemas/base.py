"""What the parts of the contract have in common."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from quartapp.security import MAX_PASSWORD

# What the rules of models/text.py come to, for clients that read the document.
ONE_LINE = Field(json_schema_extra={"pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$"})
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


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
