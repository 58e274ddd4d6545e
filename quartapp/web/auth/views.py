from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import (
    authenticate,
    authenticate_again,
    confirm_login,
    get_user,
    hash_password_by_link,
    login_required,
    login_user,
    logout_user,
    open_without_factor,
    require_code,
)
from quartapp.auth.csrf import EXPIRED
from quartapp.errors import ConflictError, ForbiddenError, InvalidError, UnauthorizedError
from quartapp.extensions import db
from quartapp.limits import limit
from quartapp.limits.keys import by_address
from quartapp.models import Purpose
from quartapp.services.second_factor import has_second_factor
from quartapp.services.user import set_up
from quartapp.texts import Text
from quartapp.web.auth.entry import let_in
from quartapp.web.auth.forms import ConfirmBothForm, ConfirmForm, LoginForm, SetupForm
from quartapp.web.auth.redirects import find_next
from quartapp.web.forms import BaseForm

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.route("/setup", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def setup() -> ResponseReturnValue:
    """Make the first administrator, by the link that was printed at the start."""
    form = await SetupForm.read_link()
    if await form.is_accepted():
        try:
            token, name = form.token.data, form.name.data
            password_hash = await hash_password_by_link(
                token, form.password.data, Purpose.SETUP, name=name
            )
            user = await set_up(db.session, token, name=name, password_hash=password_hash)
        except (ConflictError, InvalidError) as error:
            form.add_refusal(error)
        else:
            await login_user(user, how="link")
            await flash(gettext("Welcome. Now add the first site to watch."), "success")
            await db.session.commit()
            return redirect(url_for("entity.new"), 303)
    return await render_template("auth/setup.html", form=form), form.status


@bp.route("/login", methods=["GET", "POST"])
async def login() -> ResponseReturnValue:
    form = await LoginForm.read()
    if await form.is_accepted():
        try:
            user = await authenticate(form.name.data, form.password.data)
        except UnauthorizedError as error:
            form.add_error("password", error.text)
        else:
            return await let_in(user, remember=form.remember.data)
    return await render_template("auth/login.html", form=form), form.status


@bp.route("/confirm", methods=["GET", "POST"])
@open_without_factor
@login_required
async def confirm() -> ResponseReturnValue:
    """Ask for the password again, and for a code of who has a second factor."""
    has_two = await has_second_factor(db.session, get_user())
    form = await (ConfirmBothForm if has_two else ConfirmForm).read()
    if await form.is_accepted() and await is_confirmed(form):
        await confirm_login(by_factor=has_two)
        await db.session.commit()
        return redirect(find_next(request.args.get("next")), 303)
    return await render_template("auth/confirm.html", form=form), form.status


async def is_confirmed(form: ConfirmForm) -> bool:
    """Tell whether all factors are right; what is wrong then stands beside its field."""
    try:
        user = await authenticate_again(get_user(), form.password.data)
    except UnauthorizedError:
        form.add_error("password", Text("This is not your password."))
        return False
    try:
        await require_code(user, form.code.data if "code" in form else None)
    except UnauthorizedError as error:
        form.add_error("code" if "code" in form else "password", error.text)
        return False
    return True


@bp.post("/logout")
@open_without_factor
async def logout() -> ResponseReturnValue:
    form = await BaseForm.read()
    if not await form.is_accepted():
        raise ForbiddenError(EXPIRED)
    await logout_user()
    await db.session.commit()
    return redirect(url_for("auth.login"), 303)
