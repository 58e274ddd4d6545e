from quart import Blueprint, current_app, render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import find_user
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.check import get_check
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.paging import paginate
from quartapp.services.status import measure_uptimes
from quartapp.services.usability import select_outages, select_usability
from quartapp.web.paging import read_page_number

LATEST = 10  # outages on the page of a site

bp = Blueprint("status", __name__, url_prefix="/status")
STRANGER = None  # whoever looks sees what a stranger sees, so that people see what they publish


@bp.get("/")
async def index() -> ResponseReturnValue:
    query, size = select_usability(seen_by=STRANGER), current_app.config["PER_PAGE"]
    page = await paginate(db.session, query, read_page_number(), size)
    ids = [check.entity_id for check in page.items]
    uptimes = await measure_uptimes(db.session, ids, utcnow())
    return await render_template("status/index.html", page=page, uptimes=uptimes)


@bp.get("/<slug>")
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=STRANGER)
    uptimes = await measure_uptimes(db.session, [entity.id], utcnow())
    return await render_template(
        "status/view.html",
        entity=entity,
        check=await get_check(db.session, entity),
        uptimes=uptimes[entity.id],
        outages=await db.session.scalars(select_outages(entity).limit(LATEST)),
        user=find_user(),
    )
