from quart import Blueprint, Response, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import (
    acts_as_admin,
    confirm_login,
    fresh_login_required,
    get_asker,
    get_user,
    lacks_factor,
    login_user,
    open_without_factor,
)
from quartapp.auth.csrf import EXPIRED
from quartapp.auth.passkey import (
    SIGN_IN,
    begin_challenge,
    find_site,
    name_creation,
    take_challenge,
)
from quartapp.errors import BadRequestError, ForbiddenError, UnauthorizedError
from quartapp.extensions import db
from quartapp.languages import translate
from quartapp.limits import limit
from quartapp.limits.keys import by_address
from quartapp.services.ceremony import describe_creation, describe_request
from quartapp.services.passkey import (
    add_passkey,
    find_user_by_passkey,
    list_passkeys,
    remove_passkey,
)
from quartapp.services.session import close_sessions
from quartapp.web.account.views import find_own_session
from quartapp.web.auth.redirects import find_next
from quartapp.web.forms import require_token
from quartapp.web.passkey.forms import PasskeyForm, SignInForm

bp = Blueprint("passkey", __name__)


def make_json(text: str) -> Response:
    return Response(text, content_type="application/json")


# --- signing in


@bp.post("/auth/passkey/options")
@limit("30/minute", by=by_address)
async def request_options() -> ResponseReturnValue:
    """Tell the script what to ask for."""
    await require_token()
    return make_json(describe_request(site=find_site(), challenge=begin_challenge(SIGN_IN)))


@bp.post("/auth/passkey")
@limit("30/minute", by=by_address)
async def sign_in() -> ResponseReturnValue:
    """Sign in by a passkey: to have the device and to unlock it are two factors."""
    form, wanted = await SignInForm.read(), request.args.get("next")
    if not await form.is_accepted():
        raise ForbiddenError(EXPIRED)
    try:
        challenge = take_challenge(SIGN_IN)
        answer, site = form.answer.data, find_site()
        user = await find_user_by_passkey(db.session, answer, site=site, challenge=challenge)
    except (BadRequestError, UnauthorizedError) as error:
        await db.session.commit()  # that it was wrong is kept
        await flash(translate(error.text), "info")
        return redirect(url_for("auth.login", next=wanted), 303)
    await login_user(user, how="passkey", remember=form.remember.data)
    await db.session.commit()
    return redirect(find_next(wanted), 303)


# --- one's own


@bp.route("/account/passkeys", methods=["GET", "POST"])
@open_without_factor
@fresh_login_required
async def index() -> ResponseReturnValue:
    """List one's passkeys, and add one that the script had made."""
    form, user = await PasskeyForm.read(), get_user()
    if await form.is_accepted():
        challenge = take_challenge(name_creation())
        given = {"name": form.name.data, "site": find_site(), "challenge": challenge}
        was_lacking = await lacks_factor(db.session, get_asker())
        row = await add_passkey(db.session, user, form.answer.data, **given)
        if was_lacking:  # others may be in by the password alone
            await close_sessions(db.session, user, but=find_own_session())
        await confirm_login(by_factor=True)  # the device was unlocked just now
        await flash(
            gettext("The passkey %(name)s was added: you can sign in by it.", name=row.name),
            "success",
        )
        await db.session.commit()
        return redirect(url_for(".index"), 303)
    rows = await list_passkeys(db.session, user)
    return await render_template("passkey/index.html", form=form, rows=rows), form.status


@bp.post("/account/passkeys/options")
@open_without_factor
@fresh_login_required
async def creation_options() -> ResponseReturnValue:
    """Tell the script what to have made."""
    await require_token()
    known, challenge = await list_passkeys(db.session, get_user()), begin_challenge(name_creation())
    return make_json(describe_creation(get_user(), known, site=find_site(), challenge=challenge))


@bp.post("/account/passkeys/<id:passkey_id>/remove")
@fresh_login_required
async def remove(passkey_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_passkey(db.session, passkey_id, get_user(), as_admin=acts_as_admin())
    await flash(gettext("The passkey %(name)s was removed.", name=row.name), "success")
    await db.session.commit()
    return redirect(url_for(".index"), 303)
