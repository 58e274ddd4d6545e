"""Pages behind the links of mails: begin an account, find back into one, confirm an address.

A GET shows a form, only its POST uses the link: what previews links in mails uses none up.
"""

from quart import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import hash_password_by_link, login_user, logout_user
from quartapp.errors import ConflictError, InvalidError
from quartapp.extensions import db, limiter
from quartapp.limits import by_address, limit
from quartapp.mail import send_mail
from quartapp.models import Purpose
from quartapp.models.link import TO_REGISTER
from quartapp.services.account import confirm_email, register, reset_password
from quartapp.web.auth.forms import AddressForm, ForgotForm, LinkForm, RegisterForm, ResetForm
from quartapp.web.auth.letters import send_register_link, send_reset_link, tell_of_reset

bp = Blueprint("link", __name__, url_prefix="/auth")


@bp.route("/join", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def join() -> ResponseReturnValue:
    """Ask for a link to register with; the answer does not tell whose address is known."""
    if current_app.config["REGISTRATION"] != "open":
        abort(404)
    form = await AddressForm.read()
    if await form.is_accepted():
        email = form.email.data
        await limiter.check_reset(email)
        await send_register_link(email)
        await db.session.commit()
        return await render_template("auth/sent.html", email=email), 202
    return await render_template("auth/join.html", form=form), form.status


@bp.route("/register", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def new() -> ResponseReturnValue:
    """Make the account that a link invites to."""
    registration = current_app.config["REGISTRATION"]
    if registration == "closed":
        abort(404)
    purposes = TO_REGISTER if registration == "open" else (Purpose.INVITE,)
    form = await RegisterForm.read_link()
    if await form.is_accepted():
        try:
            token, name = form.token.data, form.name.data
            password_hash = await hash_password_by_link(
                token, form.password.data, *purposes, name=name
            )
            user = await register(db.session, token, name=name, password_hash=password_hash)
        except (ConflictError, InvalidError) as error:
            form.add_refusal(error)
        else:
            await login_user(user, how="link")
            await flash(gettext("Welcome, %(name)s.", name=user.name), "success")
            await db.session.commit()
            return redirect(url_for("dashboard.index"), 303)
    return await render_template("auth/register.html", form=form), form.status


@bp.route("/forgot", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def forgot() -> ResponseReturnValue:
    """Ask for a link to choose a new password; the answer does not tell who is known."""
    form = await ForgotForm.read()
    if await form.is_accepted():
        await limiter.check_reset(form.name.data)
        await send_reset_link(form.name.data)
        await db.session.commit()
        return await render_template("auth/sent.html", email=""), 202
    return await render_template("auth/forgot.html", form=form), form.status


@bp.route("/reset", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def reset() -> ResponseReturnValue:
    """Choose a new password; every browser is signed out, and every token revoked."""
    form = await ResetForm.read_link()
    if await form.is_accepted():
        try:
            token, password = form.token.data, form.password.data
            password_hash = await hash_password_by_link(token, password, Purpose.RESET)
            user, revoked = await reset_password(db.session, token, password_hash)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await logout_user()
            await flash(gettext("The password was changed. Sign in with it."), "success")
            await tell_of_reset(user, revoked)
            await db.session.commit()
            return redirect(url_for("auth.login"), 303)
    return await render_template("auth/reset.html", form=form), form.status


@bp.route("/confirm-email", methods=["GET", "POST"])
@limit("10/minute", by=by_address)
async def confirm() -> ResponseReturnValue:
    """Take an address for somebody's own, and tell the one before it."""
    form = await LinkForm.read_link()
    if await form.is_accepted():
        user, before = await confirm_email(db.session, form.token.data)
        if before:
            await send_mail(db.session, "moved", before, language=user.language, person=user.name)
        await flash(gettext("The address is confirmed."), "success")
        await db.session.commit()
        return redirect(url_for("account.show"), 303)
    return await render_template("auth/confirm_email.html", form=form), form.status
