"""What a view asks of who comes: to be signed in, to have shown it just now, to be in charge."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from quart import request

from quartapp.auth.asker import get_asker, get_user
from quartapp.database import SAFE_METHODS
from quartapp.errors import ForbiddenError, StaleLoginError
from quartapp.models import utcnow
from quartapp.models.rights import may_act_as_admin, may_administer
from quartapp.texts import Text

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[P, Awaitable[T]]


def login_required(view: View[P, T]) -> View[P, T]:
    """Let signed-in users only reach a view: a page leads to the login, the API answers 401."""
    return guard(view, get_user)


def fresh_login_required(view: View[P, T]) -> View[P, T]:
    """As `login_required`, and ask for the password again when it was given long ago."""
    return guard(view, require_fresh_login)


def proof_required(view: View[P, T]) -> View[P, T]:
    """As `fresh_login_required` for a browser; a program's token is proof enough."""
    return guard(view, require_proof)


def admin_required(view: View[P, T]) -> View[P, T]:
    """Let administrators only reach a view; a program needs a token with the scope admin.

    To change something, a browser must have given the password just now.
    """
    guarded = guard(view, require_admin)
    guarded.__dict__["admin_required"] = True  # as well
    return guarded


def guard(view: View[P, T], check: Callable[[], object]) -> View[P, T]:
    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        check()
        return await view(*args, **kwargs)

    guarded.__dict__["login_required"] = True  # read by the OpenAPI document
    return guarded


def require_fresh_login() -> None:
    get_user()
    row = get_asker().session
    if row is None or not row.is_fresh(utcnow()):
        raise StaleLoginError(Text("Give your password again to do this."))


def require_proof() -> None:
    get_user()
    if get_asker().token is None:
        require_fresh_login()


def require_admin() -> None:
    user = get_user()
    if acts_as_admin():
        return
    if not may_administer(user):
        raise ForbiddenError(Text("Only administrators may do this."))
    if get_asker().token:
        raise ForbiddenError(Text("This needs a token with the scope admin."))
    require_fresh_login()


def acts_as_admin() -> bool:
    """Tell whether this request may reach what is of others."""
    by, changes = get_asker().credential, request.method not in SAFE_METHODS
    return by is not None and may_act_as_admin(by, changes=changes, now=utcnow())
