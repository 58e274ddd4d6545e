"""Answers of views as bytes, and back."""

import json

from quart import Response, current_app

from quartapp.cache.codec import write_json

UNKEPT = ("no-store", "private")


def freeze(response: Response) -> bytes | None:
    """Return the whole answer as bytes; None for one that is not to be kept."""
    if response.status_code != 200 or "Set-Cookie" in response.headers:
        return None
    if any(word in response.headers.get("Cache-Control", "") for word in UNKEPT):
        return None
    body = getattr(response.response, "data", None)  # of files and streams there is none
    if not isinstance(body, bytes):
        return None
    return write_json(list(response.headers)) + b"\n" + body


def thaw(data: bytes) -> Response:
    head, _, body = data.partition(b"\n")
    response: Response = current_app.response_class(body)
    response.headers.clear()
    response.headers.extend(json.loads(head))
    return response
