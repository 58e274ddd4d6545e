from quart import Blueprint, current_app, render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import find_user
from quartapp.extensions import db
from quartapp.services.entity import get_entity_by_slug, select_entities
from quartapp.services.paging import paginate
from quartapp.web.paging import read_page_number

bp = Blueprint("status", __name__, url_prefix="/status")
STRANGER = None  # whoever looks sees what a stranger sees, so that people see what they publish


@bp.get("/")
async def index() -> ResponseReturnValue:
    query, size = select_entities(seen_by=STRANGER), current_app.config["PER_PAGE"]
    page = await paginate(db.session, query, read_page_number(), size)
    return await render_template("status/index.html", page=page)


@bp.get("/<slug>")
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=STRANGER)
    return await render_template("status/view.html", entity=entity, user=find_user())
