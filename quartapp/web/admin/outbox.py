from quart import flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import admin_required, get_user
from quartapp.extensions import db
from quartapp.models import OutboxState
from quartapp.services.outbox import cancel_message, retry_message, select_outbox
from quartapp.web.admin.blueprint import bp, read_page
from quartapp.web.forms import require_token
from quartapp.web.paging import read_choice


@bp.get("/outbox")
@admin_required
async def outbox() -> ResponseReturnValue:
    state = read_choice("state", OutboxState)
    page = await read_page(select_outbox(state))
    return await render_template("admin/outbox.html", page=page, state=state, states=OutboxState)


@bp.post("/outbox/<id:message_id>/retry")
@admin_required
async def retry(message_id: int) -> ResponseReturnValue:
    await require_token()
    await retry_message(db.session, message_id)
    await flash(gettext("It is sent as soon as a worker comes by."), "success")
    await db.session.commit()
    return redirect(url_for(".outbox"), 303)


@bp.post("/outbox/<id:message_id>/cancel")
@admin_required
async def cancel(message_id: int) -> ResponseReturnValue:
    await require_token()
    await cancel_message(db.session, message_id, get_user())
    await flash(gettext("It is not sent any more."), "success")
    await db.session.commit()
    return redirect(url_for(".outbox"), 303)
