from quart import Blueprint, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    IncidentIn,
    IncidentNoteIn,
    IncidentNoteOut,
    IncidentOut,
    IncidentPage,
    IncidentPatch,
    NumberQuery,
)
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.services.incident import (
    add_incident,
    add_note,
    edit_incident,
    get_incident,
    remove_incident,
    select_incidents,
)
from quartapp.services.paging import paginate

bp = Blueprint("incident", __name__, url_prefix="/incidents")


@bp.get("")
@login_required
@validate_querystring(NumberQuery)
@validate_response(IncidentPage)
async def index(query_args: NumberQuery) -> IncidentPage:
    """List the incidents, the newest first."""
    page = await paginate(db.session, select_incidents(), query_args.page, query_args.per_page)
    items = [IncidentOut.model_validate(incident) for incident in page.items]
    return IncidentPage(items=items, **describe_page(page))


@bp.get("/<id:incident_id>")
@login_required
@validate_response(IncidentOut)
async def show(incident_id: int) -> IncidentOut:
    """Return one incident."""
    return IncidentOut.model_validate(await get_incident(db.session, incident_id))


@bp.post("")
@login_required
@idempotent
@validate_request(IncidentIn)
@validate_response(IncidentOut, 201)
async def new(data: IncidentIn) -> tuple[IncidentOut, int, dict[str, str]]:
    """Tell strangers of an incident on the status pages of its public sites, or on all."""
    incident = await add_incident(db.session, get_user(), **data.model_dump())
    location = url_for("api_v1.incident.show", incident_id=incident.id)
    return IncidentOut.model_validate(incident), 201, {"Location": location}


@bp.patch("/<id:incident_id>")
@login_required
@validate_request(IncidentPatch)
@validate_response(IncidentOut)
async def edit(incident_id: int, data: IncidentPatch) -> IncidentOut:
    """Change what is said of an incident besides its notes."""
    incident = await get_incident(db.session, incident_id)
    changes = data.model_dump(exclude_unset=True)
    await edit_incident(db.session, incident, get_user(), **changes)
    await db.session.commit()
    return IncidentOut.model_validate(incident)


@bp.delete("/<id:incident_id>")
@login_required
@answers_nothing
async def remove(incident_id: int) -> tuple[str, int]:
    """Remove an incident with its notes."""
    incident = await get_incident(db.session, incident_id)
    await remove_incident(db.session, incident, get_user())
    await db.session.commit()
    return "", 204


@bp.post("/<id:incident_id>/notes")
@login_required
@idempotent
@may_answer(409)
@validate_request(IncidentNoteIn)
@validate_response(IncidentNoteOut, 201)
async def note(incident_id: int, data: IncidentNoteIn) -> tuple[IncidentNoteOut, int]:
    """Say where an incident stands, or that it is resolved."""
    incident = await get_incident(db.session, incident_id)
    made = await add_note(db.session, incident, get_user(), **data.model_dump())
    return IncidentNoteOut.model_validate(made), 201
