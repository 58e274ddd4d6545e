from quart import Blueprint
from quart_schema import validate_request, validate_response

from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import may_answer
from quartapp.api.v1.schemas import CheckOut, CheckPatch
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.services.check import edit_check, get_check, run_check
from quartapp.services.entity import get_entity

bp = Blueprint("check", __name__, url_prefix="/entities/<id:entity_id>/check")


@bp.get("")
@login_required
@validate_response(CheckOut)
async def show(entity_id: int) -> CheckOut:
    """Tell how a site is looked at."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    return CheckOut.model_validate(await get_check(db.session, entity))


@bp.patch("")
@login_required
@validate_request(CheckPatch)
@validate_response(CheckOut)
async def edit(entity_id: int, data: CheckPatch) -> CheckOut:
    """Change how a site is looked at, or pause it; it is looked at anew at once."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    changes = data.model_dump(exclude_unset=True)
    check = await edit_check(db.session, entity, get_user(), **changes)
    await db.session.commit()
    return CheckOut.model_validate(check)


@bp.post("/run")
@login_required
@idempotent
@may_answer(409)
@validate_response(CheckOut, 202)
async def run(entity_id: int) -> tuple[CheckOut, int]:
    """Have a site looked at as soon as a worker is free."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    check = await run_check(db.session, entity, get_user())
    return CheckOut.model_validate(check), 202
