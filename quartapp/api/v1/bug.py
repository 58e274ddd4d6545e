from typing import Any

from quart import Blueprint, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.export import exports
from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    BugFilter,
    BugIn,
    BugNoteIn,
    BugNoteOut,
    BugNotePage,
    BugOut,
    BugPage,
    BugPatch,
    BugQuery,
    BugsOut,
    BugsPatch,
    NumberQuery,
    RuleOut,
    RulesOut,
)
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import Bug, utcnow
from quartapp.models.bug import Order
from quartapp.models.rules import RULES, VERSION
from quartapp.services.bug import (
    comment_bug,
    edit_bug,
    edit_bugs,
    find_assignee,
    get_bug,
    refuse_reader,
    report_bug,
    select_bugs,
    select_notes,
)
from quartapp.services.entity import get_entity
from quartapp.services.export import Reading
from quartapp.services.paging import paginate

bp = Blueprint("bug", __name__)


@bp.get("/bugs")
@login_required
@validate_querystring(BugQuery)
@validate_response(BugPage)
async def index(query_args: BugQuery) -> BugPage:
    """List the bugs of all sites, in the order of `sort`."""
    query = select_wanted(query_args, query_args.sort)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    return BugPage(items=[BugOut.model_validate(bug) for bug in page.items], **describe_page(page))


def select_wanted(wanted: BugFilter, order: Order = Order.WORST) -> Any:
    return select_bugs(
        seen_by=get_user(),
        entity_id=wanted.entity,
        states=wanted.state,
        severity=wanted.severity,
        assignee_id=wanted.assignee,
        rule=wanted.rule,
        overdue_on=utcnow().date() if wanted.overdue else None,
        site=wanted.q,
        order=order,
    )


@exports(bp, "/bugs", BugFilter, BugOut)
async def export(query_args: BugFilter) -> Reading:
    """Return all bugs, the oldest first."""
    return Reading(select_wanted(query_args), Bug.id)


@bp.get("/bugs/rules")
@login_required
@validate_response(RulesOut)
async def rules() -> RulesOut:
    """List what looks are inspected for, with remedies."""
    return RulesOut(
        version=VERSION, items=[RuleOut.model_validate(rule) for rule in RULES.values()]
    )


@bp.get("/bugs/<id:bug_id>")
@login_required
@validate_response(BugOut)
async def show(bug_id: int) -> BugOut:
    """Return one bug."""
    return BugOut.model_validate(await get_bug(db.session, bug_id, seen_by=get_user()))


@bp.post("/entities/<id:entity_id>/bugs")
@login_required
@idempotent
@validate_request(BugIn)
@validate_response(BugOut, 201)
async def new(entity_id: int, data: BugIn) -> tuple[BugOut, int, dict[str, str]]:
    """Report a weakness that you have found by hand."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    bug = await report_bug(db.session, entity, get_user(), **data.model_dump())
    location = url_for("api_v1.bug.show", bug_id=bug.id)
    return BugOut.model_validate(bug), 201, {"Location": location}


@bp.patch("/bugs/<id:bug_id>")
@login_required
@validate_request(BugPatch)
@validate_response(BugOut)
async def edit(bug_id: int, data: BugPatch) -> BugOut:
    """Settle a bug: its state, severity, assignee, due date."""
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    refuse_reader(get_user())
    await edit_bug(db.session, bug, get_user(), **await read_changes(data))
    await db.session.commit()
    return BugOut.model_validate(bug)


@bp.patch("/bugs")
@login_required
@may_answer(404)
@validate_request(BugsPatch)
@validate_response(BugsOut)
async def edit_ones(data: BugsPatch) -> BugsOut:
    """Settle several bugs alike: all of them or none."""
    refuse_reader(get_user())
    changes = await read_changes(data)
    bugs = await edit_bugs(db.session, changes.pop("ids"), get_user(), **changes)
    await db.session.commit()
    return BugsOut(items=[BugOut.model_validate(bug) for bug in bugs])


async def read_changes(data: BugPatch | BugsPatch) -> dict[str, Any]:
    changes: dict[str, Any] = data.model_dump(exclude_unset=True)
    if "assignee_id" in changes:
        changes["assignee"] = await find_assignee(db.session, changes.pop("assignee_id"))
    return changes


@bp.get("/bugs/<id:bug_id>/history")
@login_required
@validate_querystring(NumberQuery)
@validate_response(BugNotePage)
async def history(bug_id: int, query_args: NumberQuery) -> BugNotePage:
    """List what was said about a bug and done to it, the oldest first."""
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    page = await paginate(db.session, select_notes(bug), query_args.page, query_args.per_page)
    items = [BugNoteOut.model_validate(line) for line in page.items]
    return BugNotePage(items=items, **describe_page(page))


@bp.post("/bugs/<id:bug_id>/comments")
@login_required
@idempotent
@validate_request(BugNoteIn)
@validate_response(BugNoteOut, 201)
async def comment(bug_id: int, data: BugNoteIn) -> tuple[BugNoteOut, int]:
    """Say something about a bug."""
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    line = await comment_bug(db.session, bug, get_user(), data.body)
    return BugNoteOut.model_validate(line), 201
