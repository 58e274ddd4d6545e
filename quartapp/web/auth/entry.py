"""From a right password to a browser that is signed in."""

from quart import flash, redirect, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import begin_second_step, login_user, must_use_passkey
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.second_factor import has_second_factor
from quartapp.services.user import refuse_changed
from quartapp.web.auth.redirects import find_next


async def let_in(user: User, *, remember: bool = False) -> ResponseReturnValue:
    """Sign *user* in, or ask for the second factor first; this commits.

    Who must have one, and has a passkey alone, signs in by that.
    """
    wanted = request.args.get("next")
    await refuse_changed(db.session, user)  # from here on nobody turns a factor on
    if await has_second_factor(db.session, user):
        begin_second_step(user, remember=remember)
        target = url_for("second_factor.step", next=wanted)
    elif await must_use_passkey(user):
        await flash(gettext("Sign in by your passkey: a password is not enough here."), "info")
        target = url_for("auth.login", next=wanted)
    else:
        await login_user(user, how="password", remember=remember)
        target = find_next(wanted)
    await db.session.commit()
    return redirect(target, 303)
