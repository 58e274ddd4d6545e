from typing import Any

from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.models import Bug, Entity, User, utcnow
from quartapp.models.bug import ORDERS
from quartapp.models.rights import may_handle_bugs
from quartapp.models.rules import RULES
from quartapp.services.bug import (
    comment_bug,
    edit_bug,
    find_assignee,
    get_bug,
    refuse_reader,
    report_bug,
    select_bugs,
    select_handlers,
    select_notes,
)
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.paging import Page, paginate
from quartapp.web.bug.forms import SEVERITIES, STATES, ReportForm, SettleForm
from quartapp.web.bug.wanted import read_wanted
from quartapp.web.entity.forms import CommentForm
from quartapp.web.paging import read_page_number

bp = Blueprint("bug", __name__)


@bp.context_processor
def add_words() -> dict[str, Any]:
    words = {"states": STATES, "severities": SEVERITIES, "orders": ORDERS}
    return words | {"today": utcnow().date()}


@bp.get("/bugs")
@login_required
async def index() -> ResponseReturnValue:
    return await render_bugs(None)


@bp.get("/entities/<slug>/bugs")
@login_required
async def of_site(slug: str) -> ResponseReturnValue:
    return await render_bugs(await get_entity_by_slug(db.session, slug, seen_by=get_user()))


async def render_bugs(entity: Entity | None) -> ResponseReturnValue:
    wanted, size = read_wanted(), current_app.config["PER_PAGE"]
    query = select_bugs(
        seen_by=get_user(), entity_id=entity.id if entity else None, **wanted.conditions
    )
    page = await paginate(db.session, query, read_page_number(), size)
    shown = {"entity": entity, "page": page, "wanted": wanted, "people": await load_handlers()}
    return await render_template("bug/index.html", **shown)


async def load_handlers() -> list[User]:
    """Return whom bugs may be given to."""
    return list(await db.session.scalars(select_handlers()))


@bp.get("/bugs/rules")
@login_required
async def rules() -> ResponseReturnValue:
    return await render_template("bug/rules.html", rules=RULES.values())


@bp.route("/entities/<slug>/bugs/new", methods=["GET", "POST"])
@login_required
async def new(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    refuse_reader(get_user())
    form = await ReportForm.read()
    if await form.is_accepted():
        bug = await report_bug(db.session, entity, get_user(), **form.values)
        return await say_done(bug, gettext("The bug was reported."))
    return await render_template("bug/new.html", form=form, entity=entity), form.status


@bp.get("/bugs/<id:bug_id>")
@login_required
async def show(bug_id: int) -> ResponseReturnValue:
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    return await render_bug(bug, await make_settle_form(bug), await CommentForm.read())


@bp.post("/bugs/<id:bug_id>")
@login_required
async def settle(bug_id: int) -> ResponseReturnValue:
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    refuse_reader(get_user())
    form = await make_settle_form(bug)
    if await form.is_accepted():
        try:
            await edit_bug(db.session, bug, get_user(), **await read_changes(bug, form))
        except InvalidError as error:
            form.add_refusal(error)
        else:
            return await say_done(bug, gettext("The bug was changed."))
    return await render_bug(bug, form, CommentForm())


async def read_changes(bug: Bug, form: SettleForm) -> dict[str, Any]:
    changes = {name: form[name].data for name in ("state", "severity", "due_on")}
    if form.assignee_id.data != bug.assignee_id:  # whoever has it may have been disabled since
        changes["assignee"] = await find_assignee(db.session, form.assignee_id.data)
    return changes


@bp.post("/bugs/<id:bug_id>/comments")
@login_required
async def comment(bug_id: int) -> ResponseReturnValue:
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    refuse_reader(get_user())
    form = await CommentForm.read()
    if not await form.is_accepted():
        return await render_bug(bug, await make_settle_form(bug, is_sent=False), form)
    await comment_bug(db.session, bug, get_user(), form.body.data)
    return await say_done(bug, gettext("The comment was added."))


async def make_settle_form(bug: Bug, *, is_sent: bool = True) -> SettleForm:
    form = await SettleForm.read(bug) if is_sent else SettleForm(obj=bug)
    if may_handle_bugs(get_user()):
        form.offer(await load_handlers(), bug)
    return form


async def render_bug(bug: Bug, form: SettleForm, comment_form: CommentForm) -> ResponseReturnValue:
    page = await paginate_notes(bug, read_page_number())
    wrong = comment_form if comment_form.errors else form
    shown = {"bug": bug, "rule": RULES.get(bug.rule or ""), "page": page, "settle_form": form}
    shown |= {"comment_form": comment_form, "form": wrong}  # the title tells of what is wrong
    return await render_template("bug/show.html", **shown), wrong.status


async def paginate_notes(bug: Bug, number: int) -> Page[Any]:
    return await paginate(db.session, select_notes(bug), number, current_app.config["PER_PAGE"])


async def say_done(bug: Bug, message: str) -> ResponseReturnValue:
    """Lead to the bug, and the page of its history where the last line stands."""
    last = (await paginate_notes(bug, 1)).pages
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for("bug.show", bug_id=bug.id, page=last if last > 1 else None), 303)
