"""Who must have a second factor and has none: let in as far as the pages on which they make one."""

from collections.abc import Callable
from typing import Any, TypeVar

from quart import current_app
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.auth.asker import Asker
from quartapp.errors import FactorNeededError
from quartapp.extensions import db
from quartapp.models import User, UserSession
from quartapp.models.rights import must_have_second_factor
from quartapp.services.second_factor import has_any_factor, has_second_factor
from quartapp.texts import Text

F = TypeVar("F", bound=Callable[..., Any])


def open_without_factor(view: F) -> F:
    """Let in who must have a second factor and has none: they make one here, or leave."""
    view.__dict__["open_without_factor"] = True
    return view


def needs_factor(user: User) -> bool:
    """Tell whether the settings ask *user* for a second factor."""
    return must_have_second_factor(user, current_app.config["SECOND_FACTOR"])


async def weigh_session(session: AsyncSession, row: UserSession) -> Asker:
    """Return who asks by *row*: nobody, where a password began it that begins none any more."""
    if row.factor_at is None and needs_factor(row.user) and await has_any_factor(session, row.user):
        return Asker(weak=row)
    return Asker(session=row)


async def lacks_factor(session: AsyncSession, asker: Asker) -> bool:
    """Tell whether a browser is signed in for who must have a second factor and has none.

    A program has no second factor: its token was made by who gave one, or before it was asked for.
    """
    if asker.session is None or not needs_factor(asker.session.user):
        return False
    return not await has_any_factor(session, asker.session.user)


async def refuse_without_factor(
    session: AsyncSession, asker: Asker, endpoint: str | None = None
) -> None:
    """Refuse a browser that lacks a second factor, but for views that are open without one."""
    view = current_app.view_functions.get(endpoint or "")
    if getattr(view, "open_without_factor", False):
        return
    if await lacks_factor(session, asker):
        raise FactorNeededError(
            Text(
                "Your account must have a second factor: turn one on at /account/second-factor,"
                " or add a passkey at /account/passkeys."
            )
        )


async def must_use_passkey(user: User) -> bool:
    """Tell whether *user*, who has no app for codes, has to sign in by the passkey they have."""
    return needs_factor(user) and await has_any_factor(db.session, user)


async def refuse_token_by_password(user: User) -> None:
    """Refuse who would get a token by the password alone; whoever has an app gave its code."""
    if needs_factor(user) and not await has_second_factor(db.session, user):
        raise FactorNeededError(
            Text(
                "Your account must have a second factor, and a password alone makes no token:"
                " sign in with one in a browser, and make the token at /account/tokens/new."
            )
        )
