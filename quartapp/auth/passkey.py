"""What a browser is asked for when it uses a passkey, and which site asks."""

import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

from quart import current_app, request, session

from quartapp.auth.asker import get_user
from quartapp.auth.tickets import find_ticket, keep_ticket
from quartapp.errors import BadRequestError
from quartapp.models import utcnow
from quartapp.services.ceremony import Challenge, Site
from quartapp.texts import Text

CHALLENGE_BYTES = 32
SIGN_IN = "passkey"  # the purpose of a challenge that anybody may answer


def find_site() -> Site:
    """Return where people are: at PUBLIC_URL, or while that is unset wherever they say."""
    public = current_app.config["PUBLIC_URL"] or f"{request.scheme}://{request.host}"
    parts = urlsplit(public)
    return Site(host=parts.hostname or "", origin=f"{parts.scheme}://{parts.netloc}")


def begin_challenge(purpose: str) -> bytes:
    """Return new random bytes, and let this browser carry them for five minutes."""
    value = secrets.token_bytes(CHALLENGE_BYTES)
    keep_ticket(purpose, [value.hex(), utcnow().timestamp()])
    return value


def take_challenge(purpose: str) -> Challenge:
    """Return what this browser carries; it is asked for once."""
    ticket = find_ticket(purpose)
    session.pop(purpose, None)
    if ticket is None:
        raise BadRequestError(Text("That took too long; try again."))
    value, made_at = ticket
    return Challenge(bytes.fromhex(value), datetime.fromtimestamp(made_at, UTC))


def name_creation() -> str:
    """Return the purpose of a challenge that makes a passkey: for whom it is."""
    return f"passkey of {get_user().id}"
