from typing import Any

from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import Entity, utcnow
from quartapp.models.curve import REACHES, Reach
from quartapp.models.event import TOPIC_NAMES, Topic
from quartapp.models.rules import RULES
from quartapp.models.usability import State
from quartapp.services.comment import add_comment
from quartapp.services.entity import (
    add_entity,
    edit_entity,
    get_entity_by_slug,
    remove_entity,
)
from quartapp.services.entity_rows import EntityRow, Wanted, count_sites, load_site_pages
from quartapp.services.event import load_time_line, select_events
from quartapp.services.latency import load_curve
from quartapp.services.overview import load_overview
from quartapp.services.paging import Page, make_page, require_number
from quartapp.services.rights import refuse_stranger, refuse_viewer
from quartapp.web.entity.chart import draw_chart
from quartapp.web.entity.forms import CommentForm, EntityForm
from quartapp.web.entity.listing import draw_site
from quartapp.web.forms import BaseForm
from quartapp.web.paging import (
    read_choice,
    read_choices,
    read_key,
    read_page_number,
    read_search,
)

LATEST = 10  # events on the page of a site

bp = Blueprint("entity", __name__, url_prefix="/entities")


@bp.get("/")
@login_required
async def index() -> ResponseReturnValue:
    wanted = Wanted(read_search(), tuple(read_choices("state", State)))
    return await render_template(
        "entity/index.html",
        page=await load_page(wanted, require_number(read_page_number())),
        search=wanted.search,
        wanted=list(wanted.states),
        choices=list(State),
        draw_site=draw_site,
    )


async def load_page(wanted: Wanted, number: int) -> Page[EntityRow]:
    """Return a page of the sites: everybody who is signed in sees the same."""
    size = current_app.config["PER_PAGE"]
    rows = await db.share(load_site_pages, (wanted, number, size)) or ()
    total = await db.share(count_sites, wanted) or 0
    return make_page(list(rows), number, size, total)


@bp.get("/<slug>")
@login_required
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    return await render_entity(entity, await CommentForm.read())


async def render_entity(entity: Entity, form: CommentForm) -> ResponseReturnValue:
    now, reach = utcnow(), read_choice("span", Reach) or Reach.DAY
    curve = await load_curve(db.session, entity, reach, now)
    shown = await render_template(
        "entity/view.html",
        entity=entity,
        overview=await load_overview(db.session, entity, now, seen_by=get_user()),
        curve=curve,
        chart=draw_chart(curve),
        reaches=REACHES,
        rules=RULES,
        form=form,
        **await read_time_line(entity, LATEST),
    )
    return shown, form.status


@bp.get("/<slug>/timeline")
@login_required
async def timeline(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    shown = await read_time_line(entity, current_app.config["PER_PAGE"])
    return await render_template("entity/timeline.html", entity=entity, **shown)


async def read_time_line(entity: Entity, limit: int) -> dict[str, Any]:
    """Return what the address asks for of what happened to a site."""
    topic, before = read_choice("topic", Topic), read_key("before")
    query = select_events(seen_by=get_user(), entity_id=entity.id, topics=[topic] if topic else ())
    line = await load_time_line(db.session, query, before=before, limit=limit)
    return {"line": line, "topic": topic, "topics": TOPIC_NAMES, "before": before}


@bp.post("/<slug>/comments")
@login_required
async def comment(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    form = await CommentForm.read()
    if not await form.is_accepted():
        return await render_entity(entity, form)
    await add_comment(db.session, entity, form.body.data, get_user())
    await flash(gettext("The comment was added."), "success")
    await db.session.commit()
    return redirect(url_for(".show", slug=slug), 303)


@bp.route("/new", methods=["GET", "POST"])
@login_required
async def new() -> ResponseReturnValue:
    refuse_viewer(get_user())
    form = await EntityForm.read()
    if await form.is_accepted():
        try:
            entity = await add_entity(db.session, **form.values, owner=get_user())
        except ConflictError as error:
            form.add_refusal(error)
        else:
            await flash(gettext("%(name)s was added.", name=entity.name), "success")
            await db.session.commit()
            return redirect(url_for(".show", slug=entity.slug), 303)
    return await render_template("entity/create.html", form=form), form.status


@bp.route("/<slug>/edit", methods=["GET", "POST"])
@login_required
async def edit(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    refuse_stranger(entity, get_user())
    form = await EntityForm.read(entity)
    if await form.is_accepted():
        try:
            await edit_entity(db.session, entity, get_user(), **form.values)
        except ConflictError as error:
            form.add_refusal(error)
        else:
            await flash(gettext("%(name)s was changed.", name=entity.name), "success")
            await db.session.commit()
            return redirect(url_for(".show", slug=slug), 303)
    return await render_template("entity/update.html", form=form, entity=entity), form.status


@bp.route("/<slug>/remove", methods=["GET", "POST"])
@login_required
async def remove(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    refuse_stranger(entity, get_user())
    form = await BaseForm.read()
    if await form.is_accepted():
        await remove_entity(db.session, entity, get_user())
        await flash(gettext("%(name)s was removed.", name=entity.name), "success")
        await db.session.commit()
        return redirect(url_for(".index"), 303)
    return await render_template("entity/delete.html", form=form, entity=entity), form.status
