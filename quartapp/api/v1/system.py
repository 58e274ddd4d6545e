from quart import Blueprint
from quart_schema import validate_response

from quartapp.api.v1.schemas import SystemOut
from quartapp.auth import admin_required
from quartapp.system.report import describe_system

bp = Blueprint("system", __name__, url_prefix="/system")


@bp.get("")
@admin_required
@validate_response(SystemOut)
async def show() -> SystemOut:
    """Tell how the database, the work that waits and the process that answers do."""
    return SystemOut.model_validate(await describe_system())
