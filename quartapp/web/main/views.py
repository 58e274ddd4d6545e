from quart import Blueprint, redirect, url_for
from quart.typing import ResponseReturnValue

bp = Blueprint("main", __name__)


@bp.get("/")
async def index() -> ResponseReturnValue:
    return redirect(url_for("entity.index"))
