from typing import Any

from quart import current_app, render_template
from quart.typing import ResponseReturnValue

from quartapp.extensions import db
from quartapp.models.status import Part
from quartapp.services.check import get_check
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.group import get_public_group, select_public_groups
from quartapp.services.paging import paginate
from quartapp.services.status import STRANGER, select_shown
from quartapp.services.usability import select_outages
from quartapp.web.paging import read_page_number
from quartapp.web.status.blueprint import bp
from quartapp.web.status.describe import describe_part, describe_sites

LATEST = 10  # outages on the page of a site


@bp.get("/")
async def index() -> ResponseReturnValue:
    groups = list(await db.session.scalars(select_public_groups()))
    return await show_part(Part(), group=None, groups=groups)


@bp.get("/groups/<group_slug>")
async def show_group(group_slug: str) -> ResponseReturnValue:
    group = await get_public_group(db.session, group_slug)
    return await show_part(Part(group_id=group.id), group=group, groups=[])


async def show_part(part: Part, **given: Any) -> ResponseReturnValue:
    query, size = select_shown(part), current_app.config["PER_PAGE"]
    page = await paginate(db.session, query, read_page_number(), size)
    return await render_template(
        "status/index.html",
        page=page,
        **given,
        **await describe_sites([check.entity_id for check in page.items]),
        **await describe_part(part),
    )


@bp.get("/<slug>")
async def show(slug: str) -> ResponseReturnValue:
    entity = await get_entity_by_slug(db.session, slug, seen_by=STRANGER)
    return await render_template(
        "status/view.html",
        entity=entity,
        check=await get_check(db.session, entity),
        outages=await db.session.scalars(select_outages(entity).limit(LATEST)),
        **await describe_sites([entity.id]),
        **await describe_part(Part(entity_id=entity.id)),
    )
