from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.models import Entity, utcnow
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.maintenance import (
    add_maintenance,
    edit_maintenance,
    get_maintenance,
    refuse_other,
    remove_maintenance,
    select_maintenances,
)
from quartapp.services.paging import paginate
from quartapp.web.forms import require_token
from quartapp.web.maintenance.forms import MaintenanceForm
from quartapp.web.paging import read_page_number

bp = Blueprint("maintenance", __name__)


@bp.get("/maintenances")
@login_required
async def index() -> ResponseReturnValue:
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_maintenances(), read_page_number(), size)
    return await render_template("maintenance/index.html", page=page, now=utcnow())


@bp.route("/maintenances/new", methods=["GET", "POST"])
@login_required
async def new() -> ResponseReturnValue:
    return await add(None)


@bp.route("/entities/<slug>/maintenances/new", methods=["GET", "POST"])
@login_required
async def new_of_one(slug: str) -> ResponseReturnValue:
    return await add(await get_entity_by_slug(db.session, slug, seen_by=get_user()))


async def add(entity: Entity | None) -> ResponseReturnValue:
    refuse_other(entity, get_user())
    form = await MaintenanceForm.read()
    if await form.is_accepted():
        try:
            await add_maintenance(db.session, entity, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            return await say_done(describe_rest(entity))
    page = await render_template("maintenance/edit.html", form=form, entity=entity, window=None)
    return page, form.status


def describe_rest(entity: Entity | None) -> str:
    if entity is None:
        return gettext("Every site rests then.")
    return gettext("%(name)s rests then.", name=entity.name)


@bp.route("/maintenances/<id:maintenance_id>/edit", methods=["GET", "POST"])
@login_required
async def edit(maintenance_id: int) -> ResponseReturnValue:
    window = await get_maintenance(db.session, maintenance_id)
    entity, title = window.entity, window.title
    refuse_other(entity, get_user())
    form = await MaintenanceForm.of(window)
    if await form.is_accepted():
        try:
            await edit_maintenance(db.session, window, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            return await say_done(gettext("%(name)s is kept.", name=window.title))
    page = await render_template("maintenance/edit.html", form=form, entity=entity, window=title)
    return page, form.status


@bp.post("/maintenances/<id:maintenance_id>/remove")
@login_required
async def remove(maintenance_id: int) -> ResponseReturnValue:
    await require_token()
    window = await get_maintenance(db.session, maintenance_id)
    await remove_maintenance(db.session, window, get_user())
    return await say_done(gettext("%(name)s is removed.", name=window.title))


async def say_done(message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for("maintenance.index"), 303)
