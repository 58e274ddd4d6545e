from typing import Literal

from quartapp.api.v1.schemas.base import Out


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
    errors: list[ErrorOut] = []
