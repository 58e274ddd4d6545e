"""Who may see what is cached: nobody's bytes reach somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from quart import g, has_request_context, session
from quart_babel import get_locale


class Sight(StrEnum):
    """Whom an entry is for."""

    EVERYONE = "everyone"  # made as if nobody were signed in
    USER = "user"  # in any browser, by any token
    ASKER = "asker"  # in one browser, or by one token


def name_reader(sight: Sight) -> str:
    """Return what tells the entries of this reader, in this language, from others."""
    return f"{name_asker(sight)} {get_locale()}"


def name_asker(sight: Sight) -> str:
    asker = g.get("asker")  # as quartapp.auth has found
    if sight is Sight.EVERYONE or asker is None or asker.credential is None:
        return Sight.EVERYONE if sight is Sight.EVERYONE else "stranger"
    if sight is Sight.USER:
        return f"user {asker.user.id}"
    return f"asker {asker.credential.token_hash}"


def is_personal(sight: Sight) -> bool:
    """Tell whether the session has what is this browser's alone, as the token of a form."""
    if not has_request_context():
        return False
    if sight is not Sight.EVERYONE and g.get("asker") and g.asker.credential:
        return "_flashes" in session or session.modified
    return bool(session)


@contextmanager
def seen_by(sight: Sight) -> Iterator[None]:
    """Let what is for everyone be made for a stranger."""
    asker = g.pop("asker", None) if sight is Sight.EVERYONE else None
    try:
        yield
    finally:
        if asker is not None:
            g.asker = asker
