from quart import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from quart.typing import ResponseReturnValue
from quart_babel import gettext, refresh

from quartapp.auth import (
    acts_as_admin,
    authenticate_again,
    confirm_login,
    fresh_login_required,
    get_asker,
    get_user,
    guard_stream,
    hash_new_password,
    login_required,
    logout_user,
    open_without_factor,
    proof_required,
    renew_login,
)
from quartapp.errors import InvalidError, UnauthorizedError
from quartapp.extensions import db, limiter
from quartapp.limits import limit
from quartapp.mail import send_mail
from quartapp.mail.links import write_link
from quartapp.models import Scope, utcnow
from quartapp.services.account import ask_to_move, edit_preferences, remove_account
from quartapp.services.paging import paginate
from quartapp.services.personal import write_person
from quartapp.services.second_factor import has_second_factor
from quartapp.services.session import (
    close_sessions,
    end_sessions,
    remove_session,
    select_sessions,
)
from quartapp.services.token import add_token, remove_token, remove_tokens, select_tokens
from quartapp.services.user import edit_password
from quartapp.texts import Text
from quartapp.web.account.forms import EmailForm, PasswordForm, PreferencesForm, TokenForm
from quartapp.web.auth.letters import tell_owner
from quartapp.web.forms import BaseForm, require_token
from quartapp.web.paging import read_page_number

DOWNLOAD_SECONDS = 3600.0  # for a browser to take all of a file

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("/")
@open_without_factor
@login_required
async def show() -> ResponseReturnValue:
    form = await PreferencesForm.read(get_user())
    return await render_template("account/show.html", user=get_user(), form=form)


@bp.post("/preferences")
@open_without_factor
@login_required
async def preferences() -> ResponseReturnValue:
    form, user = await PreferencesForm.read(), get_user()
    if await form.is_accepted():
        await edit_preferences(db.session, user, form.language.data, form.theme.data)
        refresh()  # what follows is said in the new one
        await flash(gettext("Your wishes were kept."), "success")
        await db.session.commit()
        return redirect(url_for(".show"), 303)
    return await render_template("account/show.html", user=user, form=form), form.status


@bp.route("/password", methods=["GET", "POST"])
@login_required
async def password() -> ResponseReturnValue:
    """Choose a new password; every other browser is signed out, tokens as they wish."""
    form, user = await PasswordForm.read(), get_user()
    if await has_second_factor(db.session, user):
        form.password.allow_short()
    if await form.is_accepted():
        try:
            user = await authenticate_again(user, form.current_password.data)
            password_hash = await hash_new_password(user, form.password.data)
            await edit_password(db.session, user, password_hash)
        except UnauthorizedError:
            form.add_error("current_password", Text("This is not your password."))
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await close_sessions(db.session, user, but=find_own_session())
            await confirm_login()
            if form.revoke_tokens.data:
                await remove_tokens(db.session, user, user)
            await flash(
                gettext("The password was changed; every other browser is signed out."), "success"
            )
            await db.session.commit()
            return redirect(url_for(".show"), 303)
    return await render_template("account/password.html", form=form), form.status


@bp.route("/email", methods=["GET", "POST"])
@fresh_login_required
async def email() -> ResponseReturnValue:
    """Ask for a link that confirms another address; the answer does not tell whose is known."""
    form, user = await EmailForm.read(), get_user()
    if await form.is_accepted():
        address = form.email.data
        await limiter.check_reset(address)
        token = await ask_to_move(db.session, user, address, session_id=find_own_session())
        if token is None:
            await tell_owner(address)
        else:
            link = write_link("/auth/confirm-email", token)
            await send_mail(db.session, "confirm", address, link=link, person=user.name)
        await db.session.commit()
        return await render_template("auth/sent.html", email=address), 202
    return await render_template("account/email.html", form=form), form.status


@bp.get("/data")
@limit("10/minute")
@proof_required
async def data() -> Response:
    """All that is kept about the person, as a file."""
    pieces = guard_stream(write_person(db.readers, get_user(), utcnow()))
    response = Response("" if request.method == "HEAD" else pieces, content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="account.json"'
    response.timeout = DOWNLOAD_SECONDS
    return response


@bp.route("/remove", methods=["GET", "POST"])
@fresh_login_required
async def remove() -> ResponseReturnValue:
    """Remove the account; what the person wrote stays, without their name."""
    form, user = await BaseForm.read(), get_user()
    if await form.is_accepted():
        await remove_account(db.session, user)
        await logout_user()
        await flash(gettext("Your account was removed."), "success")
        await db.session.commit()
        return redirect(url_for("auth.login"), 303)
    return await render_template("account/remove.html", form=form), form.status


def find_own_session() -> int | None:
    own = get_asker().session
    return own.id if own else None


# --- browsers


@bp.get("/sessions")
@login_required
async def sessions() -> ResponseReturnValue:
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_sessions(get_user()), read_page_number(), size)
    own = get_asker().session
    return await render_template("account/sessions.html", page=page, own=own)


@bp.post("/sessions/<id:session_id>/remove")
@fresh_login_required
async def remove_one_session(session_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_session(db.session, session_id, get_user(), as_admin=acts_as_admin())
    if row.id == getattr(get_asker().session, "id", None):
        await logout_user()
    await flash(gettext("The browser was signed out."), "success")
    await db.session.commit()
    return redirect(url_for(".sessions"), 303)


@bp.post("/sessions/remove")
@fresh_login_required
async def remove_other_sessions() -> ResponseReturnValue:
    """Sign every other browser out, and whoever has a copy of this one's cookies."""
    await require_token()
    await end_sessions(db.session, get_user(), get_user(), but=find_own_session())
    await renew_login()
    await flash(gettext("Every other browser was signed out."), "success")
    await db.session.commit()
    return redirect(url_for(".sessions"), 303)


# --- programs


@bp.get("/tokens")
@login_required
async def tokens() -> ResponseReturnValue:
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_tokens(get_user()), read_page_number(), size)
    return await render_template("account/tokens.html", page=page)


@bp.route("/tokens/new", methods=["GET", "POST"])
@fresh_login_required
async def new_token() -> ResponseReturnValue:
    """Make a token; the page that answers is the only one that shows it."""
    form, user = await TokenForm.read(), get_user()
    form.offer_scopes(user)
    if await form.is_accepted():
        scope = Scope(form.scope.data)
        secret, row = await add_token(db.session, user, form.name.data, scope=scope, by=user)
        await db.session.commit()
        return await render_template("account/token.html", secret=secret, row=row), 201
    return await render_template("account/new_token.html", form=form), form.status


@bp.post("/tokens/<id:token_id>/remove")
@login_required
async def remove_one_token(token_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_token(db.session, token_id, get_user(), as_admin=acts_as_admin())
    await flash(gettext("The token %(name)s was revoked.", name=row.name), "success")
    await db.session.commit()
    return redirect(url_for(".tokens"), 303)
