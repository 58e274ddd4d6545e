from quart import Blueprint, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    InvitationIn,
    InvitationOut,
    InvitationPage,
    NewInvitationOut,
    NumberQuery,
)
from quartapp.auth import admin_required, get_user
from quartapp.extensions import db
from quartapp.mail.links import send_invitation
from quartapp.services.invitation import (
    add_invitation,
    get_invitation,
    remove_invitation,
    select_invitations,
)
from quartapp.services.paging import paginate

bp = Blueprint("invitation", __name__, url_prefix="/invitations")


@bp.get("")
@admin_required
@validate_querystring(NumberQuery)
@validate_response(InvitationPage)
async def index(query_args: NumberQuery) -> InvitationPage:
    """List the invitations that still hold, the newest first."""
    query = select_invitations()
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [InvitationOut.model_validate(row) for row in page.items]
    return InvitationPage(items=items, **describe_page(page))


@bp.get("/<id:invitation_id>")
@admin_required
@validate_response(InvitationOut)
async def show(invitation_id: int) -> InvitationOut:
    """Return one invitation, without its link."""
    return InvitationOut.model_validate(await get_invitation(db.session, invitation_id))


@bp.post("")
@admin_required
@may_answer(409)
@validate_request(InvitationIn)
@validate_response(NewInvitationOut, 201)
async def new(data: InvitationIn) -> tuple[NewInvitationOut, int, dict[str, str]]:
    """Invite somebody by mail; older invitations to the same address are void."""
    token, row = await add_invitation(db.session, data.email, data.role, get_user())
    link = await send_invitation(db.session, row, token, get_user())
    await db.session.commit()
    location = url_for("api_v1.invitation.show", invitation_id=row.id)
    out = InvitationOut.model_validate(row).model_dump()
    return NewInvitationOut(link=link, **out), 201, {"Location": location}


@bp.delete("/<id:invitation_id>")
@admin_required
@answers_nothing
async def remove(invitation_id: int) -> tuple[str, int]:
    """Revoke an invitation."""
    await remove_invitation(db.session, invitation_id, get_user())
    await db.session.commit()
    return "", 204
