from quart import Blueprint, Response
from quart_schema import document_response, validate_querystring, validate_response

from quartapp.api.answers import write_out
from quartapp.api.export import exports
from quartapp.api.v1.paging import describe_page, describe_slice, link, read_cursor
from quartapp.api.v1.schemas import (
    HistoryOut,
    HistoryQuery,
    LinksOut,
    MetaOut,
    OutageOut,
    OutagePage,
    PointOut,
    ResultFilter,
    ResultOut,
    ResultPage,
    ResultQuery,
    UsabilityFilter,
    UsabilityOfOne,
    UsabilityOut,
    UsabilityPage,
    UsabilityQuery,
    WindowsOut,
)
from quartapp.api.v1.schemas.base import In
from quartapp.api.v1.schemas.paging import NumberQuery
from quartapp.auth import get_user, login_required
from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Check, Outage, result, utcnow
from quartapp.models.check import EPOCH
from quartapp.models.rollup import DAY, HOUR
from quartapp.models.uptime import Span
from quartapp.services.entity import get_entity
from quartapp.services.export import Reading
from quartapp.services.history import Usability, list_points, load_usability
from quartapp.services.paging import paginate, paginate_after
from quartapp.services.usability import (
    list_results,
    select_outages,
    select_results,
    select_usability,
)
from quartapp.texts import Text

bp = Blueprint("usability", __name__)

STEPS = {"hour": HOUR, "day": DAY}
UNSAID = {"hour": DAY, "day": 30 * DAY}  # so long is the while that nobody names


@bp.get("/usability")
@login_required
@validate_querystring(UsabilityQuery)
@validate_response(UsabilityPage)
async def index(query_args: UsabilityQuery) -> UsabilityPage:
    """List where the sites stand by name, or all of them by key."""
    query = select_usability(query_args.q, query_args.state, seen_by=get_user())
    size = query_args.per_page
    if query_args.cursor is not None:
        after = read_cursor(query_args.cursor)
        part = await paginate_after(db.session, query, Check.id, after, size)
        return UsabilityPage(items=to_out(part.items), **describe_slice(part))
    page = await paginate(db.session, query, query_args.page, size)
    return UsabilityPage(items=to_out(page.items), **describe_page(page))


@exports(bp, "/usability", UsabilityFilter, UsabilityOut)
async def export(query_args: UsabilityFilter) -> Reading:
    """Return where all sites stand."""
    query = select_usability(query_args.q, query_args.state, seen_by=get_user())
    return Reading(query, Check.id)


def to_out(checks: list[Check]) -> list[UsabilityOut]:
    return [UsabilityOut.model_validate(check) for check in checks]


@bp.get("/entities/<id:entity_id>/usability")
@login_required
@document_response(UsabilityOfOne)
async def show(entity_id: int) -> Response:
    """Tell where a site stands, and how it did in 24 hours, 7, 30 and 365 days."""
    found = require_found(await db.share(load_usability, entity_id), entity_id)
    figures = WindowsOut.model_validate(found.windows)
    out = UsabilityOfOne(
        **dict(UsabilityOut.model_validate(found.check)),
        last_day=figures.last_24_hours,
        figures=figures,
    )
    return write_out(out)


def require_found(found: Usability | None, entity_id: int) -> Usability:
    """Return what who is signed in may see of any site."""
    if found is None:
        raise NotFoundError(Text("There is no entity %(key)s.", key=repr(entity_id)))
    return found


@bp.get("/entities/<id:entity_id>/history")
@login_required
@validate_querystring(HistoryQuery)
@validate_response(HistoryOut)
async def history(entity_id: int, query_args: HistoryQuery) -> HistoryOut:
    """Tell how a site did in each hour or day of a while: 1,000 of them at most."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    step, now = STEPS[query_args.step], utcnow()
    end = min(query_args.to or now, now)
    start = query_args.from_ or max(end, EPOCH) - UNSAID[query_args.step]
    points = await list_points(db.session, entity, Span(start, end), step, now)
    items = [PointOut.model_validate(point) for point in points]
    return HistoryOut(step=query_args.step, items=items)


@bp.get("/entities/<id:entity_id>/results")
@login_required
@validate_querystring(ResultQuery)
@validate_response(ResultPage)
async def results(entity_id: int, query_args: ResultQuery) -> ResultPage:
    """List what the looks at a site found, the newest first."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    size = query_args.per_page
    rows = await list_results(db.session, entity, before=query_args.before, limit=size + 1)
    items = [ResultOut.model_validate(row) for row in rows[:size]]
    following = link(before=items[-1].slot_at.isoformat()) if len(rows) > size else None
    links = LinksOut(self=link(), first=link(before=None), next=following)
    return ResultPage(items=items, meta=MetaOut(per_page=size), links=links)


@exports(bp, "/entities/<id:entity_id>/results", ResultFilter, ResultOut)
async def export_results(entity_id: int, query_args: ResultFilter) -> Reading:
    """Return what all looks at a site found, the oldest first."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return Reading(select_results(entity, query_args.before), result.c.slot_at)


@bp.get("/entities/<id:entity_id>/outages")
@login_required
@validate_querystring(NumberQuery)
@validate_response(OutagePage)
async def outages(entity_id: int, query_args: NumberQuery) -> OutagePage:
    """List the outages of a site, the newest first."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    query = select_outages(entity)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [OutageOut.model_validate(outage) for outage in page.items]
    return OutagePage(items=items, **describe_page(page))


@exports(bp, "/entities/<id:entity_id>/outages", In, OutageOut)
async def export_outages(entity_id: int, query_args: In) -> Reading:
    """Return all outages of a site, the oldest first."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return Reading(select_outages(entity), Outage.id)
