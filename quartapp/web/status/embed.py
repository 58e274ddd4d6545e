"""What pages of others may show in a frame."""

from quart import Response, make_response, render_template

from quartapp.extensions import db
from quartapp.headers import CSP
from quartapp.models import SiteGroup
from quartapp.models.status import Part
from quartapp.services.group import get_public_group
from quartapp.web.status.blueprint import bp
from quartapp.web.status.describe import load_headline

FRAMED = CSP.replace("frame-ancestors 'none'", "frame-ancestors *")


@bp.get("/embed")
async def embed() -> Response:
    return await render_frame(Part(), None)


@bp.get("/groups/<group_slug>/embed")
async def embed_group(group_slug: str) -> Response:
    group = await get_public_group(db.session, group_slug)
    return await render_frame(Part(group_id=group.id), group)


async def render_frame(part: Part, group: SiteGroup | None) -> Response:
    headline = await load_headline(part)
    page = await render_template("status/embed.html", headline=headline, group=group)
    answer = await make_response(page)
    answer.headers["Content-Security-Policy"] = FRAMED
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer  # type: ignore[return-value]
