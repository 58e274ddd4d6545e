"""Conditional requests of RFC 9110: 304 for what a client has, 412 for what it has not seen."""

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

from quart import Response, request
from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from quartapp.api.v1.schemas.base import Out
from quartapp.database import SAFE_METHODS
from quartapp.errors import PreconditionFailedError
from quartapp.models import Comment, Entity, User

# Kept by the client alone, and asked about each time.
REVALIDATED = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
Answer = tuple[Out, int, dict[str, str]]


def make_etag(
    row_id: int, updated_at: datetime, person_id: int | None, person_name: str | None
) -> str:
    """Return the strong ETag of a row whose answer names a person: of all that may change in it."""
    seen = repr((row_id, updated_at.timestamp(), person_id, person_name))
    return f'"{blake2b(seen.encode(), digest_size=12).hexdigest()}"'


def tag(row: Entity | Comment, person: User | None) -> str:
    if person is None:
        return make_etag(row.id, row.updated_at, None, None)
    return make_etag(row.id, row.updated_at, person.id, person.name)


def answer_unless_known(etag: str, make_answer: Callable[[], Response]) -> Response:
    """Answer 304 to who has it, before anything is made of the row."""
    if check_conditions(etag):
        response = Response(status=304)
        del response.headers["Content-Type"]
    else:
        response = make_answer()
    response.headers.update({"ETag": etag, **REVALIDATED})
    return response


def check_conditions(etag: str) -> bool:
    """Tell whether who reads has it already; PreconditionFailedError for what may not be done.

    Our tags are strong: a weak one was made so by a proxy that compresses, and names the same row.
    """
    if "If-Match" in request.headers and not has_tag("If-Match", etag):
        raise PreconditionFailedError("It has changed since you read it: read it again.")
    if "If-None-Match" not in request.headers or not has_tag("If-None-Match", etag):
        return False
    if request.method not in SAFE_METHODS:
        raise PreconditionFailedError("It is as you named it, and was to be something else.")
    return True


def has_tag(header: str, etag: str) -> bool:
    named: ETags = parse_etags(", ".join(request.headers.getlist(header)))
    return named.contains_weak(etag.strip('"'))
