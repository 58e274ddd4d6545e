from quart import flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import admin_required, fresh_login_required, get_user
from quartapp.errors import ConflictError, InvalidError
from quartapp.extensions import db
from quartapp.mail.links import send_invitation
from quartapp.models import Role
from quartapp.services.invitation import add_invitation, remove_invitation, select_invitations
from quartapp.web.admin.blueprint import bp, read_page
from quartapp.web.admin.forms import InvitationForm
from quartapp.web.forms import require_token


@bp.get("/invitations")
@admin_required
async def invitations() -> ResponseReturnValue:
    page = await read_page(select_invitations())
    return await render_template("admin/invitations.html", page=page)


@bp.route("/invitations/new", methods=["GET", "POST"])
@admin_required
@fresh_login_required
async def new_invitation() -> ResponseReturnValue:
    """Invite somebody; the page that answers is the only one that shows the link."""
    form, by = await InvitationForm.read(), get_user()
    if await form.is_accepted():
        try:
            token, row = await add_invitation(db.session, form.email.data, Role(form.role.data), by)
            link = await send_invitation(db.session, row, token, by)
        except (ConflictError, InvalidError) as error:
            form.add_refusal(error)
        else:
            await db.session.commit()
            return await render_template("admin/invited.html", row=row, link=link), 201
    return await render_template("admin/new_invitation.html", form=form), form.status


@bp.post("/invitations/<id:link_id>/remove")
@admin_required
async def remove_one_invitation(link_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_invitation(db.session, link_id, get_user())
    await flash(gettext("The invitation of %(email)s was revoked.", email=row.email), "success")
    await db.session.commit()
    return redirect(url_for(".invitations"), 303)
