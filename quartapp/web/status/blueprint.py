"""The blueprint whose answers are the same for everybody, so that caches may keep them."""

import hashlib

from quart import Blueprint, Response, request

from quartapp.languages import find_language

KEPT = "public, max-age=30, stale-while-revalidate=60"

bp = Blueprint("status", __name__, url_prefix="/status")


@bp.after_request
async def share(response: Response) -> Response:
    """Let anyone keep a page for a while, and ask then whether it is still the same."""
    if response.status_code != 200:
        return response
    response.headers["Cache-Control"] = KEPT
    response.headers["Content-Language"] = find_language()
    response.vary.add("Accept-Language")
    response.set_etag(hashlib.sha256(await response.get_data(as_text=False)).hexdigest()[:32])
    return await response.make_conditional(request)
