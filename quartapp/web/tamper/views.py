from quart import Blueprint, current_app, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import BadRequestError, InvalidError
from quartapp.extensions import db
from quartapp.languages import translate
from quartapp.models import Entity
from quartapp.models.tamper import TamperState
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.paging import paginate
from quartapp.services.rights import refuse_stranger
from quartapp.services.tamper import (
    accept_page,
    edit_page,
    get_lesson,
    get_page,
    get_tamper,
    read_difference,
    relearn_page,
    select_tampers,
    settle_tamper,
)
from quartapp.texts import Text
from quartapp.web.forms import require_token
from quartapp.web.paging import read_choice, read_page_number, read_search
from quartapp.web.tamper.forms import PageForm

bp = Blueprint("tamper", __name__)
DONE = {
    TamperState.ACCEPTED: Text("What the page says is accepted."),
    TamperState.IGNORED: Text("Such lines do not count any more."),
    TamperState.INCIDENT: Text("It is kept as an incident."),
}


@bp.get("/tampers")
@login_required
async def index() -> ResponseReturnValue:
    state, site = read_choice("state", TamperState), read_search()
    query = select_tampers(seen_by=get_user(), states=[state] if state else [], site=site)
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, query, read_page_number(), size)
    shown = {"page": page, "state": state, "states": list(TamperState), "site": site}
    return await render_template("tamper/index.html", **shown)


@bp.get("/entities/<slug>/tamper")
@login_required
async def of_site(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    form = await PageForm.read(await get_page(db.session, entity))
    return await render_page(entity, form)


@bp.post("/entities/<slug>/tamper")
@login_required
async def edit(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    refuse_stranger(entity, get_user())
    form = await PageForm.read()
    if await form.is_accepted():
        try:
            await edit_page(db.session, entity, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            return await say_done(slug, gettext("The page is read in that way from now on."))
    return await render_page(entity, form)


async def render_page(entity: Entity, form: PageForm) -> ResponseReturnValue:
    watch, size = await get_page(db.session, entity), current_app.config["PER_PAGE"]
    query = select_tampers(seen_by=get_user(), entity_id=entity.id)
    shown = await render_template(
        "tamper/page.html",
        entity=entity,
        watch=watch,
        lesson=await get_lesson(db.session, watch),
        page=await paginate(db.session, query, read_page_number(), size),
        form=form,
    )
    return shown, form.status


@bp.post("/entities/<slug>/tamper/accept")
@login_required
async def accept(slug: str) -> ResponseReturnValue:
    await require_token()
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    await accept_page(db.session, entity, get_user())
    return await say_done(
        slug, gettext("What was learned is accepted; changes are told from now on.")
    )


@bp.post("/entities/<slug>/tamper/relearn")
@login_required
async def relearn(slug: str) -> ResponseReturnValue:
    await require_token()
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    await relearn_page(db.session, entity, get_user())
    return await say_done(slug, gettext("The page is learned anew."))


async def say_done(slug: str, message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for(".of_site", slug=slug), 303)


@bp.get("/tampers/<id:tamper_id>")
@login_required
async def show(tamper_id: int) -> ResponseReturnValue:
    tamper = await get_tamper(db.session, tamper_id, seen_by=get_user())
    return await render_template(
        "tamper/show.html",
        tamper=tamper,
        rows=read_difference(tamper),
        is_side_by_side=request.args.get("view") == "side",
    )


@bp.post("/tampers/<id:tamper_id>/settle")
@login_required
async def settle(tamper_id: int) -> ResponseReturnValue:
    await require_token()
    tamper = await get_tamper(db.session, tamper_id, seen_by=get_user())
    state = read_state((await request.form).get("state", ""))
    await settle_tamper(db.session, tamper, get_user(), state)
    await flash(translate(DONE[state]), "success")
    await db.session.commit()
    return redirect(url_for(".show", tamper_id=tamper_id), 303)


def read_state(value: str) -> TamperState:
    if value not in set(DONE):
        raise BadRequestError(Text("A change is accepted, ignored or an incident."))
    return TamperState(value)
