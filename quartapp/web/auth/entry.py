"""From a right password to a browser that is signed in."""

from quart import redirect, request, url_for
from quart.typing import ResponseReturnValue

from quartapp.auth import begin_second_step, login_user
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.second_factor import has_second_factor
from quartapp.web.auth.redirects import find_next


async def let_in(user: User, *, remember: bool = False) -> ResponseReturnValue:
    """Sign *user* in, or ask for the second factor first; this commits."""
    wanted = request.args.get("next")
    if await has_second_factor(db.session, user):
        begin_second_step(user, remember=remember)
        target = url_for("second_factor.step", next=wanted)
    else:
        await login_user(user, how="password", remember=remember)
        target = find_next(wanted)
    await db.session.commit()
    return redirect(target, 303)
