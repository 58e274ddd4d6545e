from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.models import Entity, utcnow
from quartapp.services.check import edit_check, get_check, run_check
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.history import measure_windows
from quartapp.services.maintenance import select_maintenances
from quartapp.services.paging import paginate
from quartapp.services.rights import refuse_stranger
from quartapp.services.usability import list_results, select_outages
from quartapp.web.forms import require_token
from quartapp.web.paging import read_page_number
from quartapp.web.usability.forms import CheckForm

bp = Blueprint("usability", __name__, url_prefix="/entities/<slug>/usability")


@bp.get("")
@login_required
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    check = await get_check(db.session, entity)
    now, size = utcnow(), current_app.config["PER_PAGE"]
    return await render_template(
        "usability/show.html",
        entity=entity,
        check=check,
        windows=await measure_windows(db.session, entity, now),
        maintenances=await paginate(db.session, select_maintenances(entity.id), 1, size),
        now=now,
        results=await list_results(db.session, entity, limit=size),
        page=await paginate(db.session, select_outages(entity), read_page_number(), size),
    )


@bp.route("/edit", methods=["GET", "POST"])
@login_required
async def edit(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    refuse_stranger(entity, get_user())
    form = await CheckForm.read(await get_check(db.session, entity))
    if await form.is_accepted():
        try:
            await edit_check(db.session, entity, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            return await say_done(
                slug, gettext("%(site)s is looked at in that way from now on.", site=entity.name)
            )
    return await render_template("usability/edit.html", form=form, entity=entity), form.status


@bp.post("/run")
@login_required
async def run(slug: str) -> ResponseReturnValue:
    await require_token()
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    await run_check(db.session, entity, get_user())
    return await say_done(
        slug, gettext("%(site)s is looked at as soon as a worker is free.", site=entity.name)
    )


@bp.post("/pause")
@login_required
async def pause(slug: str) -> ResponseReturnValue:
    return await hold(slug, True)


@bp.post("/resume")
@login_required
async def resume(slug: str) -> ResponseReturnValue:
    return await hold(slug, False)


async def hold(slug: str, is_paused: bool) -> ResponseReturnValue:
    await require_token()
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    await edit_check(db.session, entity, get_user(), is_paused=is_paused)
    return await say_done(slug, describe_hold(entity, is_paused))


def describe_hold(entity: Entity, is_paused: bool) -> str:
    if is_paused:
        return gettext("Nobody looks at %(site)s any more.", site=entity.name)
    return gettext("%(site)s is looked at again.", site=entity.name)


async def say_done(slug: str, message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for("usability.show", slug=slug), 303)
