from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import (
    authenticate_again,
    check_code,
    confirm_login,
    find_second_step,
    fresh_login_required,
    get_box,
    get_user,
    login_user,
    needs_factor,
    open_without_factor,
)
from quartapp.errors import InvalidError, UnauthorizedError
from quartapp.extensions import db
from quartapp.limits import limit
from quartapp.limits.keys import by_address
from quartapp.models.second_factor import describe_secret
from quartapp.services.second_factor import (
    add_second_factor,
    count_recovery_codes,
    find_second_factor,
    open_proposal,
    propose_secret,
    replace_recovery_codes,
    turn_off,
)
from quartapp.services.session import close_sessions
from quartapp.texts import Text
from quartapp.web.account.views import find_own_session
from quartapp.web.auth.redirects import find_next
from quartapp.web.forms import require_token
from quartapp.web.second_factor.forms import NewFactorForm, RemoveFactorForm, StepForm
from quartapp.web.second_factor.picture import draw_code

bp = Blueprint("second_factor", __name__)


@bp.route("/auth/second-factor", methods=["GET", "POST"])
@limit("60/minute", by=by_address)
async def step() -> ResponseReturnValue:
    """Ask who gave the right password for a code, then sign them in."""
    form, asked, wanted = await StepForm.read(), await find_second_step(), request.args.get("next")
    if request.method == "POST":
        await require_token()
    if asked is None:
        await flash(
            gettext("Give your password first; the code is asked for within five minutes."), "info"
        )
        return redirect(url_for("auth.login", next=wanted), 303)
    if await form.is_accepted():
        try:
            await check_code(asked.user, form.code.data)
        except UnauthorizedError as error:
            form.add_error("code", error.text)
        else:
            await login_user(asked.user, how="password and code", remember=asked.remember)
            await db.session.commit()
            return redirect(find_next(wanted), 303)
    return await render_template("second_factor/step.html", form=form), form.status


@bp.get("/account/second-factor")
@open_without_factor
@fresh_login_required
async def show() -> ResponseReturnValue:
    factor = await find_second_factor(db.session, get_user())
    left = await count_recovery_codes(db.session, get_user())
    return await render_template("second_factor/show.html", factor=factor, left=left)


@bp.route("/account/second-factor/new", methods=["GET", "POST"])
@open_without_factor
@fresh_login_required
async def new() -> ResponseReturnValue:
    """Turn it on; every other browser is signed out, and the answer alone has the codes."""
    form, user, box = await NewFactorForm.read(), get_user(), get_box()
    if request.method == "POST":
        await require_token()
    else:
        form.sealed.data = propose_secret(box)
    secret = open_proposal(box, form.sealed.data or "")
    if await form.is_accepted():
        try:
            codes = await add_second_factor(db.session, user, secret, form.code.data, box=box)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await renew_sessions(by_factor=True)
            await db.session.commit()
            return await render_template("second_factor/codes.html", codes=codes), 201
    picture = draw_code(describe_secret(secret, user.name))
    shown = {"form": form, "secret": secret, "picture": picture}
    return await render_template("second_factor/new.html", **shown), form.status


async def renew_sessions(*, by_factor: bool = False) -> None:
    """End every session of the user but this one, which gets a new secret."""
    await close_sessions(db.session, get_user(), but=find_own_session())
    await confirm_login(by_factor=by_factor)


@bp.post("/account/second-factor/codes")
@fresh_login_required
async def new_codes() -> ResponseReturnValue:
    """Make new recovery codes; the page that answers is the only one that shows them."""
    await require_token()
    codes = await replace_recovery_codes(db.session, get_user())
    await db.session.commit()
    return await render_template("second_factor/codes.html", codes=codes), 201


@bp.route("/account/second-factor/remove", methods=["GET", "POST"])
@fresh_login_required
async def remove() -> ResponseReturnValue:
    """Turn it off; every other browser is signed out."""
    form, user = await RemoveFactorForm.read(), get_user()
    if await form.is_accepted():
        try:
            await authenticate_again(user, form.password.data)
            await turn_off(db.session, user, form.password.data)
        except UnauthorizedError:
            form.add_error("password", Text("This is not your password."))
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await renew_sessions()
            await flash(describe_removal(), "success")
            await db.session.commit()
            return redirect(url_for(".show"), 303)
    shown = {"form": form, "is_needed": needs_factor(user)}
    return await render_template("second_factor/remove.html", **shown), form.status


def describe_removal() -> str:
    if needs_factor(get_user()):
        return gettext("It is off. Unless you have a passkey, turn on another before you go on.")
    return gettext("Your password alone signs you in from now on.")
