from typing import Any

from quart import Blueprint
from quart_schema import validate_querystring, validate_response

from quartapp.api.export import exports
from quartapp.api.v1.paging import link
from quartapp.api.v1.schemas import (
    EventFilter,
    EventOut,
    EventPage,
    EventQuery,
    LinksOut,
    MetaOut,
)
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import Event
from quartapp.services.event import list_events, select_events
from quartapp.services.export import Reading

bp = Blueprint("event", __name__)


@bp.get("/events")
@login_required
@validate_querystring(EventQuery)
@validate_response(EventPage)
async def index(query_args: EventQuery) -> EventPage:
    """List what happened to the sites, the newest first: usability, tamper, bugs and comments."""
    query, size = select_wanted(query_args), query_args.per_page
    rows = await list_events(db.session, query, before=query_args.before, limit=size + 1)
    items = [EventOut.model_validate(row) for row in rows[:size]]
    following = link(before=items[-1].id) if len(rows) > size else None
    links = LinksOut(self=link(), first=link(before=None), next=following)
    return EventPage(items=items, meta=MetaOut(per_page=size), links=links)


def select_wanted(wanted: EventFilter) -> Any:
    topics = [wanted.topic] if wanted.topic else []
    return select_events(seen_by=get_user(), entity_id=wanted.entity, topics=topics)


@exports(bp, "/events", EventFilter, EventOut)
async def export(query_args: EventFilter) -> Reading:
    """Return all that happened, the oldest first."""
    return Reading(select_wanted(query_args), Event.id)
