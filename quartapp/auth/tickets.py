"""What a browser carries from one step to the next: signed, for one purpose, for five minutes."""

from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import current_app, g, session

from quartapp.security import SIGNING

LIFE = 5 * 60  # s


def keep_ticket(purpose: str, value: Any) -> None:
    session[purpose] = make_signer(purpose).dumps(value)


def find_ticket(purpose: str) -> Any | None:
    """Return what was kept; a view that runs again finds it again."""
    sealed = g.setdefault(f"ticket {purpose}", session.get(purpose, ""))
    try:
        return make_signer(purpose).loads(sealed, max_age=LIFE)
    except BadData:
        return None


def make_signer(purpose: str) -> URLSafeTimedSerializer:
    config = current_app.config
    keys = [*config["SECRET_KEY_FALLBACKS"], config["SECRET_KEY"]]  # the last one signs
    return URLSafeTimedSerializer(keys, salt=f"quartapp {purpose}", signer_kwargs=SIGNING)
