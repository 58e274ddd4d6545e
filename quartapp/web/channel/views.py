from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_box, get_user, login_required
from quartapp.errors import ForbiddenError
from quartapp.extensions import db
from quartapp.limits.rules import limit
from quartapp.models import Channel, ChannelKind
from quartapp.models.rights import may_have_webhook, may_use_channel
from quartapp.services.channel import (
    NO_WEBHOOK,
    add_mail,
    add_test,
    add_webhook,
    change_secret,
    edit_channel,
    find_recipient,
    get_channel,
    remove_channel,
    select_channels,
    select_deliveries,
)
from quartapp.services.paging import paginate
from quartapp.web.channel.forms import ChannelForm, WebhookForm
from quartapp.web.forms import require_token
from quartapp.web.paging import read_page_number

bp = Blueprint("channel", __name__, url_prefix="/account/channels")


@bp.get("")
@login_required
async def index() -> ResponseReturnValue:
    user = get_user()
    rows = list(await db.session.scalars(select_channels(user)))
    address, may_hook = find_recipient(user), may_have_webhook(user)
    return await render_template(
        "channel/index.html", rows=rows, address=address, may_hook=may_hook
    )


@bp.route("/mail", methods=["GET", "POST"])
@login_required
async def new_mail() -> ResponseReturnValue:
    form, user = await ChannelForm.read(), get_user()
    if await form.is_accepted():
        channel = await add_mail(db.session, user, **form.values)
        return await say_done(
            channel.id, gettext("The channel was added. Have a test sent to see it work.")
        )
    address = find_recipient(user)
    return await render_template("channel/mail.html", form=form, address=address), form.status


@bp.route("/webhook", methods=["GET", "POST"])
@login_required
async def new_webhook() -> ResponseReturnValue:
    """Add a webhook; the page that answers is the only one that shows its secret."""
    form, user = await WebhookForm.read(), get_user()
    if not may_have_webhook(user):
        raise ForbiddenError(NO_WEBHOOK)
    if await form.is_accepted():
        channel, secret = await add_webhook(db.session, user, box=get_box(), **form.values)
        await db.session.commit()
        return await render_template("channel/secret.html", row=channel, secret=secret), 201
    return await render_template("channel/webhook.html", form=form), form.status


@bp.get("/<id:channel_id>")
@login_required
async def show(channel_id: int) -> ResponseReturnValue:
    channel = await get_own(channel_id)
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_deliveries(channel), read_page_number(), size)
    may_use = may_use_channel(get_user(), channel)
    return await render_template("channel/show.html", row=channel, page=page, may_use=may_use)


async def get_own(channel_id: int) -> Channel:
    return await get_channel(db.session, channel_id, seen_by=get_user())


@bp.route("/<id:channel_id>/edit", methods=["GET", "POST"])
@login_required
async def edit(channel_id: int) -> ResponseReturnValue:
    channel = await get_own(channel_id)
    kind = WebhookForm if channel.kind == ChannelKind.WEBHOOK else ChannelForm
    form = await kind.of(channel)
    if await form.is_accepted():
        await edit_channel(db.session, channel, get_user(), **form.values)
        return await say_done(channel_id, gettext("The channel was changed."))
    return await render_template("channel/edit.html", form=form, row=channel), form.status


@bp.post("/<id:channel_id>/test")
@login_required
@limit("10/minute")
async def test(channel_id: int) -> ResponseReturnValue:
    await require_token()
    await add_test(db.session, await get_own(channel_id), get_user())
    return await say_done(
        channel_id, gettext("A test is on its way; below you see what became of it.")
    )


@bp.post("/<id:channel_id>/secret")
@login_required
async def new_secret(channel_id: int) -> ResponseReturnValue:
    """Change the secret of a webhook; the page that answers is the only one that shows it."""
    await require_token()
    channel = await get_own(channel_id)
    secret = await change_secret(db.session, channel, get_user(), get_box())
    await db.session.commit()
    return await render_template("channel/secret.html", row=channel, secret=secret)


@bp.post("/<id:channel_id>/on")
@login_required
async def turn_on(channel_id: int) -> ResponseReturnValue:
    return await switch(channel_id, True, gettext("You are told there again."))


@bp.post("/<id:channel_id>/off")
@login_required
async def turn_off(channel_id: int) -> ResponseReturnValue:
    return await switch(channel_id, False, gettext("You are told nothing more there."))


async def switch(channel_id: int, is_on: bool, done: str) -> ResponseReturnValue:
    await require_token()
    await edit_channel(db.session, await get_own(channel_id), get_user(), is_on=is_on)
    return await say_done(channel_id, done)


@bp.post("/<id:channel_id>/remove")
@login_required
async def remove(channel_id: int) -> ResponseReturnValue:
    await require_token()
    await remove_channel(db.session, await get_own(channel_id), get_user())
    await flash(gettext("The channel was removed."), "success")
    await db.session.commit()
    return redirect(url_for(".index"), 303)


async def say_done(channel_id: int, message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for("channel.show", channel_id=channel_id), 303)
