"""Requests that another site makes a browser send: told by a token, and by where they come from.

A token holds as long as the session it was made for: a new secret in the cookie, and it is void.
"""

import hashlib
import hmac
import secrets

from quart import current_app, g, request, session

from quartapp.auth.asker import get_asker
from quartapp.auth.origin import is_foreign_origin, is_own_origin
from quartapp.database import SAFE_METHODS
from quartapp.errors import ForbiddenError
from quartapp.texts import Text

HEADER = "X-CSRFToken"
SALT_BYTES = 16  # new for each form, so that a compressed page tells nothing of the rest
EXPIRED = Text("The form has expired; go back, load the page anew and try again.")


def make_csrf_token() -> str:
    """Return a token for a form, or for the header X-CSRFToken, of this browser."""
    salt = secrets.token_hex(SALT_BYTES)
    return f"{salt}.{sign(salt)}"


def is_csrf_token(token: str) -> bool:
    """Tell whether *token* was made for this browser's session."""
    salt, _, signature = token.partition(".")
    return hmac.compare_digest(signature.encode(), sign(salt).encode())


def sign(salt: str) -> str:
    message = f"csrf:{find_binding()}:{salt}".encode()
    return hmac.new(str(current_app.secret_key).encode(), message, hashlib.sha256).hexdigest()


def find_binding() -> str:
    """Return what the token stands and falls with: the session's secret, or a stranger's own."""
    if row := get_asker().session:
        return row.token_hash  # not the cookie, whose secret may just have been replaced
    if "csrf" not in session:  # or cleared by a view that runs again now
        session["csrf"] = g.get("csrf") or secrets.token_hex(SALT_BYTES)
    g.csrf = session["csrf"]
    return str(g.csrf)


def find_sent_token(field: str | None) -> str:
    return field or request.headers.get(HEADER, "")


async def refuse_foreign_form() -> None:
    """Refuse a form that stands on another site, whatever token it carries.

    Without Origin and Sec-Fetch-Site the token decides alone: only a page of this session can know
    it, and that a browser or proxy leaves both out is no proof that another site sent the form.
    """
    if request.method not in SAFE_METHODS and is_foreign_origin(request):
        raise ForbiddenError(Text("Forms of other sites are not accepted."))


async def refuse_forged_call() -> None:
    """Refuse a call of the API by cookie that no script of ours made (threats S-CSRF-API)."""
    if get_asker().session is None or request.method in SAFE_METHODS:
        return
    if not is_own_origin(request):
        raise ForbiddenError(Text("Only pages of this site may do this with a cookie."))
    if not is_csrf_token(find_sent_token(None)):
        raise ForbiddenError(
            Text("With a cookie, send the page's token as %(header)s.", header=HEADER)
        )
