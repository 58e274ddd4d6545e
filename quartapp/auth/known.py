"""Tokens that were looked up just now: one in use is not asked for with each request.

What is known is forgotten after AUTH_CACHE_SECONDS, so a token that is revoked, or whose owner is
disabled, lets nobody in for longer than that.
"""

from time import monotonic

from quart import current_app
from sqlalchemy.orm.attributes import set_committed_value

from quartapp.extensions import db
from quartapp.models import ApiToken, utcnow
from quartapp.security import hash_token, is_api_token
from quartapp.services.token import load_tokens

MOST = 10_000  # tokens

Known = dict[str, tuple[ApiToken, float]]


async def find_known_token(secret: str) -> ApiToken | None:
    """Return the token that a request carries, its user loaded, bound to no session."""
    known: Known = current_app.extensions["known_tokens"]
    key, now = hash_token(secret), monotonic()
    found, until = known.get(key, (None, 0.0))
    if found is not None and now < until and utcnow() < found.expires_at:
        return found
    token = await db.share(load_tokens, key) if is_api_token(secret) else None
    if token is None:
        known.pop(key, None)
        return None
    if len(known) >= MOST:
        known.clear()
    known[key] = token, now + current_app.config["AUTH_CACHE_SECONDS"]
    return token


def note_known_use(token: ApiToken) -> None:
    """Note that a use was written down, for the requests that share what is known."""
    set_committed_value(token, "used_at", utcnow())
