from typing import Any

from quart import Blueprint
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.export import exports
from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    DifferenceOut,
    LessonOut,
    PageWatchOut,
    PageWatchPatch,
    RowOut,
    SegmentOut,
    TamperFilter,
    TamperOut,
    TamperPage,
    TamperPatch,
    TamperQuery,
)
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import PageWatch, Tamper
from quartapp.models.difference import Row
from quartapp.services.entity import get_entity
from quartapp.services.export import Reading
from quartapp.services.paging import paginate
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

bp = Blueprint("tamper", __name__)


@bp.get("/tampers")
@login_required
@validate_querystring(TamperQuery)
@validate_response(TamperPage)
async def index(query_args: TamperQuery) -> TamperPage:
    """List the changes of all pages, the newest first."""
    query = select_wanted(query_args)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [TamperOut.model_validate(tamper) for tamper in page.items]
    return TamperPage(items=items, **describe_page(page))


def select_wanted(wanted: TamperFilter) -> Any:
    return select_tampers(
        seen_by=get_user(), entity_id=wanted.entity, states=wanted.state, site=wanted.q
    )


@exports(bp, "/tampers", TamperFilter, TamperOut)
async def export(query_args: TamperFilter) -> Reading:
    """Return all changes, the oldest first."""
    return Reading(select_wanted(query_args), Tamper.id)


@bp.get("/tampers/<id:tamper_id>")
@login_required
@validate_response(TamperOut)
async def show(tamper_id: int) -> TamperOut:
    """Return one change."""
    return TamperOut.model_validate(await get_tamper(db.session, tamper_id, seen_by=get_user()))


@bp.get("/tampers/<id:tamper_id>/difference")
@login_required
@validate_response(DifferenceOut)
async def difference(tamper_id: int) -> DifferenceOut:
    """Return what differs, line by line, with the words marked."""
    tamper = await get_tamper(db.session, tamper_id, seen_by=get_user())
    rows = [describe_row(row) for row in read_difference(tamper)]
    return DifferenceOut(is_cut=tamper.is_cut, rows=rows)


def describe_row(row: Row) -> RowOut:
    old, new = (
        [SegmentOut(text=text, is_marked=is_marked) for text, is_marked in side]
        for side in (row.old, row.new)
    )
    return RowOut(
        kind=row.kind,
        old_number=row.old_number,
        new_number=row.new_number,
        old=old,
        new=new,
        hidden=row.hidden,
    )


@bp.patch("/tampers/<id:tamper_id>")
@login_required
@may_answer(409)
@validate_request(TamperPatch)
@validate_response(TamperOut)
async def settle(tamper_id: int, data: TamperPatch) -> TamperOut:
    """Settle a change; the page is looked at anew at once."""
    tamper = await get_tamper(db.session, tamper_id, seen_by=get_user())
    await settle_tamper(db.session, tamper, get_user(), data.state)
    await db.session.commit()
    return TamperOut.model_validate(tamper)


@bp.get("/entities/<id:entity_id>/tamper")
@login_required
@validate_response(PageWatchOut)
async def show_page(entity_id: int) -> PageWatchOut:
    """Tell where the page of a site stands, how it is read, and what was learned of it."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return await describe(await get_page(db.session, entity))


async def describe(page: PageWatch) -> PageWatchOut:
    lesson = await get_lesson(db.session, page)
    return PageWatchOut(
        entity_id=page.entity_id,
        state=page.state,
        state_since=page.state_since,
        is_on=page.is_on,
        exclude=list(page.lens.exclude),
        include=list(page.lens.include),
        ignore=list(page.lens.ignore),
        sort_lines=page.sort_lines,
        unique_lines=page.unique_lines,
        learned=LessonOut.model_validate(lesson),
    )


@bp.patch("/entities/<id:entity_id>/tamper")
@login_required
@validate_request(PageWatchPatch)
@validate_response(PageWatchOut)
async def edit_settings(entity_id: int, data: PageWatchPatch) -> PageWatchOut:
    """Change how a page is read; it is learned anew where other lines count from then on."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    changes = data.model_dump(exclude_unset=True)
    shown = await describe(await edit_page(db.session, entity, get_user(), **changes))
    await db.session.commit()
    return shown


@bp.post("/entities/<id:entity_id>/tamper/accept")
@login_required
@idempotent
@may_answer(409)
@validate_response(PageWatchOut)
async def accept(entity_id: int) -> PageWatchOut:
    """Accept what was learned of a page; from now on its changes are told."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return await describe(await accept_page(db.session, entity, get_user()))


@bp.post("/entities/<id:entity_id>/tamper/relearn")
@login_required
@idempotent
@validate_response(PageWatchOut)
async def relearn(entity_id: int) -> PageWatchOut:
    """Learn a page anew; until somebody accepts that, nothing is told."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return await describe(await relearn_page(db.session, entity, get_user()))
