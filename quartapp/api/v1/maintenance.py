from datetime import datetime, time
from typing import Any

from quart import Blueprint, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    MaintenanceIn,
    MaintenanceOut,
    MaintenancePage,
    MaintenanceQuery,
    SiteOut,
    WindowIn,
    WindowPatch,
)
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import Maintenance, utcnow
from quartapp.services.entity import get_entity
from quartapp.services.maintenance import (
    add_maintenance,
    edit_maintenance,
    get_maintenance,
    remove_maintenance,
    select_maintenances,
)
from quartapp.services.paging import paginate

bp = Blueprint("maintenance", __name__, url_prefix="/maintenances")


@bp.get("")
@login_required
@validate_querystring(MaintenanceQuery)
@validate_response(MaintenancePage)
async def index(query_args: MaintenanceQuery) -> MaintenancePage:
    """List the windows of maintenance, the newest first."""
    query = select_maintenances(query_args.entity)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    now = utcnow()
    return MaintenancePage(items=[to_out(row, now) for row in page.items], **describe_page(page))


@bp.get("/<id:maintenance_id>")
@login_required
@validate_response(MaintenanceOut)
async def show(maintenance_id: int) -> MaintenanceOut:
    """Return one window."""
    return to_out(await get_maintenance(db.session, maintenance_id), utcnow())


@bp.post("")
@login_required
@idempotent
@may_answer(409)
@validate_request(MaintenanceIn)
@validate_response(MaintenanceOut, 201)
async def new(data: MaintenanceIn) -> tuple[MaintenanceOut, int, dict[str, str]]:
    """Let a site rest; without one, all sites, which only administrators may."""
    entity = None
    if data.entity_id is not None:
        entity = await get_entity(db.session, data.entity_id, seen_by=get_user())
    window = await add_maintenance(db.session, entity, get_user(), **read_fields(data))
    location = url_for("api_v1.maintenance.show", maintenance_id=window.id)
    return to_out(window, utcnow()), 201, {"Location": location}


@bp.put("/<id:maintenance_id>")
@login_required
@may_answer(409)
@validate_request(WindowIn)
@validate_response(MaintenanceOut)
async def replace(maintenance_id: int, data: WindowIn) -> MaintenanceOut:
    """Replace when a window is open; it stays that of its site."""
    window = await get_maintenance(db.session, maintenance_id)
    await edit_maintenance(db.session, window, get_user(), **read_fields(data))
    await db.session.commit()
    return to_out(window, utcnow())


@bp.patch("/<id:maintenance_id>")
@login_required
@may_answer(409)
@validate_request(WindowPatch)
@validate_response(MaintenanceOut)
async def edit(maintenance_id: int, data: WindowPatch) -> MaintenanceOut:
    """Change some of a window, open or not; looks that were made keep what they counted as."""
    window = await get_maintenance(db.session, maintenance_id)
    await edit_maintenance(db.session, window, get_user(), **read_fields(data))
    await db.session.commit()
    return to_out(window, utcnow())


@bp.delete("/<id:maintenance_id>")
@login_required
@answers_nothing
async def remove(maintenance_id: int) -> tuple[str, int]:
    """Remove a window; if it is open, the sites are released."""
    window = await get_maintenance(db.session, maintenance_id)
    await remove_maintenance(db.session, window, get_user())
    await db.session.commit()
    return "", 204


def read_fields(data: WindowIn | WindowPatch) -> dict[str, Any]:
    """Return what is to be kept: of a patch, what it names."""
    is_patch = isinstance(data, WindowPatch)
    fields = data.model_dump(exclude={"entity_id"}, exclude_unset=is_patch)
    start = fields.get("start_time")
    return {**fields, "start_time": time.fromisoformat(start)} if start else fields


def to_out(window: Maintenance, now: datetime) -> MaintenanceOut:
    now_open, following = window.find_open(now), window.find_next(now)
    return MaintenanceOut(
        id=window.id,
        entity=SiteOut.model_validate(window.entity) if window.entity else None,
        title=window.title,
        timezone=window.timezone,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        weekdays=window.weekdays,
        start_time=window.start_time.strftime("%H:%M") if window.start_time else None,
        minutes=window.minutes,
        open_until=now_open.end if now_open else None,
        next_at=following.start if following else None,
    )
