from quart import Blueprint
from quart_schema import validate_querystring, validate_response

from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import AuditEventOut, AuditEventPage, AuditQuery
from quartapp.auth import admin_required
from quartapp.extensions import db
from quartapp.services.audit import select_events
from quartapp.services.paging import paginate

bp = Blueprint("audit", __name__, url_prefix="/audit")


@bp.get("")
@admin_required
@validate_querystring(AuditQuery)
@validate_response(AuditEventPage)
async def index(query_args: AuditQuery) -> AuditEventPage:
    """List who did what to whom, the newest first."""
    action, days = query_args.action or None, (query_args.from_, query_args.to)
    query = select_events(action, query_args.person, first=days[0], last=days[1])
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [AuditEventOut.model_validate(row) for row in page.items]
    return AuditEventPage(items=items, **describe_page(page))
