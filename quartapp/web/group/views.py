from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import ConflictError, InvalidError
from quartapp.extensions import db
from quartapp.services.entity import load_names
from quartapp.services.group import (
    add_group,
    edit_group,
    get_group,
    refuse_other,
    remove_group,
    select_groups,
)
from quartapp.services.paging import paginate
from quartapp.web.forms import require_token
from quartapp.web.group.forms import GroupForm
from quartapp.web.paging import read_page_number

bp = Blueprint("group", __name__, url_prefix="/groups")


@bp.get("")
@login_required
async def index() -> ResponseReturnValue:
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_groups(), read_page_number(), size)
    return await render_template("group/index.html", page=page)


@bp.route("/new", methods=["GET", "POST"])
@login_required
async def new() -> ResponseReturnValue:
    refuse_other(get_user())
    form = await GroupForm.among(await load_names(db.session))
    if await form.is_accepted():
        try:
            group = await add_group(db.session, get_user(), **form.values)
        except (ConflictError, InvalidError) as error:
            form.add_refusal(error)
        else:
            return await say_done(gettext("%(name)s is kept.", name=group.name))
    return await render_template("group/edit.html", form=form, group=None), form.status


@bp.route("/<id:group_id>/edit", methods=["GET", "POST"])
@login_required
async def edit(group_id: int) -> ResponseReturnValue:
    group = await get_group(db.session, group_id)
    refuse_other(get_user())
    form = await GroupForm.among(await load_names(db.session), group)
    if await form.is_accepted():
        try:
            await edit_group(db.session, group, get_user(), **form.values)
        except (ConflictError, InvalidError) as error:
            form.add_refusal(error)
        else:
            return await say_done(gettext("%(name)s is kept.", name=group.name))
    return await render_template("group/edit.html", form=form, group=group), form.status


@bp.post("/<id:group_id>/remove")
@login_required
async def remove(group_id: int) -> ResponseReturnValue:
    await require_token()
    group = await get_group(db.session, group_id)
    await remove_group(db.session, group, get_user())
    return await say_done(gettext("%(name)s is removed.", name=group.name))


async def say_done(message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for(".index"), 303)
