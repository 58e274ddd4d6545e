"""How the API says that something went wrong: problem details of RFC 9457."""

import json
import re
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from quart import Response

from quartapp.errors import (
    MAX_TOLD,
    AppError,
    ConflictError,
    FieldError,
    InvalidError,
    UnauthorizedError,
)
from quartapp.log import request_id

M = TypeVar("M", bound=BaseModel)
MEDIA_TYPE = "application/problem+json"
# What pydantic says of how a schema is written, and what clients know it by.
INSIDES = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Value should have (.*) item(s?) after .*"), r"String should have \1 character\2"),
    (re.compile(r"Input should be a valid dictionary or .*"), "Input should be an object"),
)


def make_problem(error: AppError) -> Response:
    response = Response(
        json.dumps(describe_problem(error)), status=error.status, content_type=MEDIA_TYPE
    )
    if isinstance(error, UnauthorizedError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="quartapp"'
    return response


def describe_problem(error: AppError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "request_id": request_id.get(),
    }
    faults = find_faults(error)
    if faults:
        body["errors"] = [asdict(fault) for fault in faults[:MAX_TOLD]]
    if more := len(faults[MAX_TOLD:]):
        body["more_errors"] = more
    return body


def find_faults(error: AppError) -> tuple[FieldError, ...]:
    """Return the wrong fields, when *error* names any."""
    if isinstance(error, InvalidError) or (isinstance(error, ConflictError) and error.errors):
        return error.errors
    if isinstance(error, ConflictError) and error.field:
        return (FieldError((error.field,), str(error), "conflict"),)
    return ()


def validate(model: type[M], data: object) -> M:
    """Return *data* as the model; InvalidError names what is wrong."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise make_invalid(error) from error


def make_invalid(error: Exception) -> InvalidError:
    """Name each field that pydantic refused; what was sent is not repeated."""
    if not isinstance(error, ValidationError):
        return InvalidError("The data cannot be read.")
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fields = tuple(FieldError(fault["loc"], put(fault["msg"]), fault["type"]) for fault in faults)
    return InvalidError("Some fields are wrong.", fields)


def put(message: str) -> str:
    """Put in a client's words what pydantic says; a rule of ours speaks for itself."""
    for pattern, words in INSIDES:
        if pattern.match(message):
            return pattern.sub(words, message, count=1)
    return message
