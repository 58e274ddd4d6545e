from quart import Blueprint
from quart_schema import validate_querystring, validate_response

from quartapp.api.v1.paging import link
from quartapp.api.v1.schemas import EventOut, EventPage, EventQuery, LinksOut, MetaOut
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.services.event import list_events, select_events

bp = Blueprint("event", __name__)


@bp.get("/events")
@login_required
@validate_querystring(EventQuery)
@validate_response(EventPage)
async def index(query_args: EventQuery) -> EventPage:
    """List what happened to the sites, the newest first: usability, tamper, bugs and comments."""
    topics = [query_args.topic] if query_args.topic else []
    query = select_events(seen_by=get_user(), entity_id=query_args.entity, topics=topics)
    size = query_args.per_page
    rows = await list_events(db.session, query, before=query_args.before, limit=size + 1)
    items = [EventOut.model_validate(row) for row in rows[:size]]
    following = link(before=items[-1].id) if len(rows) > size else None
    links = LinksOut(self=link(), first=link(before=None), next=following)
    return EventPage(items=items, meta=MetaOut(per_page=size), links=links)
