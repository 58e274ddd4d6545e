from quart import Blueprint, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import GroupIn, GroupOut, GroupPage, GroupPatch, NumberQuery
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.services.group import add_group, edit_group, get_group, remove_group, select_groups
from quartapp.services.paging import paginate

bp = Blueprint("group", __name__, url_prefix="/groups")


@bp.get("")
@login_required
@validate_querystring(NumberQuery)
@validate_response(GroupPage)
async def index(query_args: NumberQuery) -> GroupPage:
    """List the groups of sites by name."""
    page = await paginate(db.session, select_groups(), query_args.page, query_args.per_page)
    items = [GroupOut.model_validate(group) for group in page.items]
    return GroupPage(items=items, **describe_page(page))


@bp.get("/<id:group_id>")
@login_required
@validate_response(GroupOut)
async def show(group_id: int) -> GroupOut:
    """Return one group."""
    return GroupOut.model_validate(await get_group(db.session, group_id))


@bp.post("")
@login_required
@idempotent
@may_answer(409)
@validate_request(GroupIn)
@validate_response(GroupOut, 201)
async def new(data: GroupIn) -> tuple[GroupOut, int, dict[str, str]]:
    """Make a group, which only administrators may."""
    group = await add_group(db.session, get_user(), **data.model_dump())
    location = url_for("api_v1.group.show", group_id=group.id)
    return GroupOut.model_validate(group), 201, {"Location": location}


@bp.put("/<id:group_id>")
@login_required
@may_answer(409)
@validate_request(GroupIn)
@validate_response(GroupOut)
async def replace(group_id: int, data: GroupIn) -> GroupOut:
    """Replace a group; its address stays."""
    group = await get_group(db.session, group_id)
    await edit_group(db.session, group, get_user(), **data.model_dump())
    await db.session.commit()
    return GroupOut.model_validate(group)


@bp.patch("/<id:group_id>")
@login_required
@may_answer(409)
@validate_request(GroupPatch)
@validate_response(GroupOut)
async def edit(group_id: int, data: GroupPatch) -> GroupOut:
    """Change some of a group; its address stays."""
    group = await get_group(db.session, group_id)
    await edit_group(db.session, group, get_user(), **data.model_dump(exclude_unset=True))
    await db.session.commit()
    return GroupOut.model_validate(group)


@bp.delete("/<id:group_id>")
@login_required
@answers_nothing
async def remove(group_id: int) -> tuple[str, int]:
    """Remove a group; its sites stay."""
    group = await get_group(db.session, group_id)
    await remove_group(db.session, group, get_user())
    await db.session.commit()
    return "", 204
