from quart import Blueprint, render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.dashboard import load_dashboard
from quartapp.web.drawing import draw_site
from quartapp.web.words import Words

bp = Blueprint("dashboard", __name__)


@bp.get("/")
@login_required
async def index() -> ResponseReturnValue:
    found = await load_dashboard(db.session, seen_by=get_user(), now=utcnow())
    words = Words()
    return await render_template(
        "dashboard/index.html",
        dashboard=found,
        sites=[(site, draw_site(site), words.describe_days(site.days)) for site in found.glances],
        words=words,
    )
