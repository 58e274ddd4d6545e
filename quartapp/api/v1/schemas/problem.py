from typing import Annotated, Literal

from pydantic import Field

from quartapp.api.v1.schemas.base import Out
from quartapp.errors import MAX_TOLD


class ErrorOut(Out):
    """One wrong field."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(Out):
    """What went wrong, as RFC 9457 says it."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    request_id: str
    errors: Annotated[list[ErrorOut], Field(max_length=MAX_TOLD)] = []
    more_errors: int = 0  # wrong fields that `errors` has no room for
