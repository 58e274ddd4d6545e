"""`Idempotency-Key`: a POST that comes again does nothing, and is answered as the first time.

As draft-ietf-httpapi-idempotency-key-header has it.
"""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from typing import Any, ParamSpec, cast

from quart import Response, current_app, make_response, request

from quartapp.auth import get_user
from quartapp.database import is_lock_timeout
from quartapp.errors import BadRequestError, ConflictError
from quartapp.extensions import db
from quartapp.models import KeptAnswer, utcnow
from quartapp.models.idempotency import KEY_LENGTH
from quartapp.models.packed import LEVEL
from quartapp.services.idempotency import claim_key

P = ParamSpec("P")

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
# A string of RFC 8941; most clients leave its quotes out.
PATTERN = rf'^("[!#-\[\]-~]{{1,{KEY_LENGTH}}}"|[!#-\[\]-~]{{1,{KEY_LENGTH}}})$'
KEY = re.compile(PATTERN)


def idempotent(view: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Response]]:
    """Commit what a view does; with a key, once, and its answer in the same transaction."""

    @wraps(view)
    async def answer_once(*args: P.args, **kwargs: P.kwargs) -> Response:
        row = await claim(key) if (key := read_key()) else None
        if row is not None and row.status is not None:
            return await replay(row)
        response = cast(Response, await make_response(await view(*args, **kwargs)))
        if row is not None:
            await keep(row, response)
        await db.session.commit()
        return response

    answer_once.__dict__["idempotent"] = True  # read by the OpenAPI document, and below
    return answer_once


async def refuse_useless_key() -> None:
    """Refuse a key where nothing heeds it: the client would rely on it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method == "POST" and HEADER in request.headers and not is_idempotent(view):
        raise BadRequestError("This takes no Idempotency-Key: its answer is never kept.")


def is_idempotent(view: object) -> bool:
    return bool(getattr(view, "idempotent", False))


def read_key() -> str | None:
    """Return the key of this request; BadRequestError when it is malformed, or one of several."""
    match request.headers.getlist(HEADER):
        case []:
            return None
        case [key] if KEY.fullmatch(key):
            return key.strip('"')
    raise BadRequestError(f"An {HEADER} has 1 to {KEY_LENGTH} printable ASCII characters.")


async def claim(key: str) -> KeptAnswer:
    body = cast(bytes, await request.get_data())
    fingerprint = sha256(f"{request.full_path}\n".encode() + body).hexdigest()
    try:
        return await claim_key(db.session, get_user(), key, fingerprint, now=utcnow())
    except Exception as error:
        if is_lock_timeout(error):
            raise ConflictError("The first request with this key is at work.") from error
        raise


async def keep(row: KeptAnswer, response: Response) -> None:
    body = await response.get_data(as_text=False)
    row.status = response.status_code
    row.location, row.etag = response.headers.get("Location"), response.headers.get("ETag")
    row.body = await asyncio.to_thread(zlib.compress, body, LEVEL)


async def replay(row: KeptAnswer) -> Response:
    body = await asyncio.to_thread(zlib.decompress, row.body or b"")
    response = Response(body, status=row.status, content_type="application/json")
    response.headers[REPLAYED] = "true"
    if row.location is not None:
        response.headers["Location"] = row.location
    if row.etag is not None:
        response.headers["ETag"] = row.etag
    return response
