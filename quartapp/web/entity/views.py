from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import Comment, Entity
from quartapp.models.event import Topic
from quartapp.models.usability import State
from quartapp.services.check import get_check
from quartapp.services.comment import add_comment, select_comments
from quartapp.services.entity import (
    add_entity,
    edit_entity,
    get_entity_by_slug,
    load_states,
    remove_entity,
    select_entities,
)
from quartapp.services.event import list_events, load_comments, select_events
from quartapp.services.paging import Page, paginate
from quartapp.services.rights import refuse_stranger, refuse_viewer
from quartapp.services.tamper import get_page
from quartapp.services.usability import find_trouble
from quartapp.web.entity.forms import CommentForm, EntityForm
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
    search, wanted = read_search(), read_choices("state", State)
    query = select_entities(search, wanted, seen_by=get_user())
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, query, read_page_number(), size)
    return await render_template(
        "entity/index.html",
        page=page,
        search=search,
        wanted=wanted,
        states=await load_states(db.session, page.items),
        choices=list(State),
    )


@bp.get("/<slug>")
@login_required
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    return await render_entity(entity, await CommentForm.read())


async def render_entity(entity: Entity, form: CommentForm) -> ResponseReturnValue:
    check = await get_check(db.session, entity)
    topics = [topic for topic in Topic if topic is not Topic.COMMENT]  # which have a list there
    query = select_events(seen_by=get_user(), entity_id=entity.id, topics=topics)
    shown = await render_template(
        "entity/view.html",
        entity=entity,
        check=check,
        trouble=await find_trouble(db.session, check),
        watch=await get_page(db.session, entity),
        events=await list_events(db.session, query, limit=LATEST),
        page=await paginate_comments(entity, read_page_number()),
        form=form,
    )
    return shown, form.status


@bp.get("/<slug>/timeline")
@login_required
async def timeline(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    topic, size = read_choice("topic", Topic), current_app.config["PER_PAGE"]
    topics = [topic] if topic else []
    query = select_events(seen_by=get_user(), entity_id=entity.id, topics=topics)
    events = await list_events(db.session, query, before=read_key("before"), limit=size + 1)
    return await render_template(
        "entity/timeline.html",
        entity=entity,
        events=events[:size],
        said=await load_comments(db.session, events),
        topic=topic,
        topics=list(Topic),
        older=events[size - 1].id if len(events) > size else None,
    )


async def paginate_comments(entity: Entity, number: int) -> Page[Comment]:
    size = current_app.config["PER_PAGE"]
    return await paginate(db.session, select_comments(entity), number, size)


@bp.post("/<slug>/comments")
@login_required
async def comment(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    form = await CommentForm.read()
    if not await form.is_accepted():
        return await render_entity(entity, form)
    await add_comment(db.session, entity, form.body.data, get_user())
    last = (await paginate_comments(entity, 1)).pages  # where the new one stands
    await flash(gettext("The comment was added."), "success")
    await db.session.commit()
    return redirect(url_for(".show", slug=slug, page=last if last > 1 else None), 303)


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
