from collections.abc import Sequence

from quart import render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import admin_required
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.visit import find_visits
from quartapp.web.admin.blueprint import bp

DAYS = 30
WIDTH, HEIGHT = 4, 20  # of the bar of a day, and of the highest; in the units of the picture


@bp.get("/visits")
@admin_required
async def visits() -> ResponseReturnValue:
    found = await find_visits(db.session, utcnow().date(), DAYS)
    return await render_template("admin/visits.html", visits=found, draw_bars=draw_bars)


def draw_bars(counts: Sequence[int]) -> str:
    """Return a bar for each day on which there was something; the highest fills the picture."""
    most = max([*counts, 1])
    bars = ""
    for number, count in enumerate(counts):
        if count:
            height = max(1, round(count / most * HEIGHT))
            bars += f"M{number * WIDTH} {HEIGHT}v-{height}h{WIDTH - 1}v{height}z"
    return bars
