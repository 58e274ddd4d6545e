from quart import render_template
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import admin_required, get_user
from quartapp.extensions import db
from quartapp.languages import translate
from quartapp.mail.notices import tell_factors_forgotten
from quartapp.models import Role, User
from quartapp.services.paging import MAX_SIZE, paginate
from quartapp.services.passkey import list_passkeys
from quartapp.services.people import (
    disable_user,
    edit_role,
    enable_user,
    forget_factors,
    get_user_by_id,
    select_users,
)
from quartapp.services.second_factor import find_second_factor
from quartapp.services.session import end_sessions, select_sessions
from quartapp.services.token import select_tokens
from quartapp.web.admin.blueprint import bp, finish, read_page
from quartapp.web.admin.forms import RoleForm
from quartapp.web.forms import require_token
from quartapp.web.paging import read_search


@bp.get("/users")
@admin_required
async def users() -> ResponseReturnValue:
    search = read_search()
    page = await read_page(select_users(search))
    return await render_template("admin/users.html", page=page, search=search)


@bp.get("/users/<id:user_id>")
@admin_required
async def show_user(user_id: int) -> ResponseReturnValue:
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    return await render_user(user, await RoleForm.read(user))


async def render_user(user: User, form: RoleForm) -> ResponseReturnValue:
    sessions = await paginate(db.session, select_sessions(user), size=MAX_SIZE)
    tokens = await paginate(db.session, select_tokens(user), size=MAX_SIZE)
    factor = await find_second_factor(db.session, user)
    shown = {"user": user, "form": form, "factor": factor, "sessions": sessions, "tokens": tokens}
    passkeys = await list_passkeys(db.session, user)
    return await render_template("admin/user.html", **shown, passkeys=passkeys), form.status


@bp.post("/users/<id:user_id>/role")
@admin_required
async def change_role(user_id: int) -> ResponseReturnValue:
    form = await RoleForm.read()
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    if not await form.is_accepted():
        return await render_user(user, form)
    await edit_role(db.session, user, Role(form.role.data), get_user())
    return await finish(
        gettext(
            "The role of %(name)s is %(role)s.", name=user.name, role=translate(form.role.data)
        ),
        user_id,
    )


@bp.post("/users/<id:user_id>/disable")
@admin_required
async def disable(user_id: int) -> ResponseReturnValue:
    await require_token()
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    await disable_user(db.session, user, get_user())
    return await finish(gettext("%(name)s is out, and comes in no more.", name=user.name), user_id)


@bp.post("/users/<id:user_id>/enable")
@admin_required
async def enable(user_id: int) -> ResponseReturnValue:
    await require_token()
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    await enable_user(db.session, user, get_user())
    return await finish(gettext("%(name)s may come in again.", name=user.name), user_id)


@bp.post("/users/<id:user_id>/second-factor/remove")
@admin_required
async def remove_second_factor(user_id: int) -> ResponseReturnValue:
    await require_token()
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    token = await forget_factors(db.session, user, get_user())
    link = await tell_factors_forgotten(db.session, user, token)
    if link is None:
        text = gettext("%(name)s chooses a new password by the link in the mail.", name=user.name)
        return await finish(text, user_id)
    await db.session.commit()
    return await render_template("admin/unguarded.html", user=user, link=link)


@bp.post("/users/<id:user_id>/sessions/remove")
@admin_required
async def remove_all_sessions(user_id: int) -> ResponseReturnValue:
    await require_token()
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    await end_sessions(db.session, user, get_user())
    return await finish(
        gettext("Every browser of %(name)s was signed out.", name=user.name), user_id
    )
