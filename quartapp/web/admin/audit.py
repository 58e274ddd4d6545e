from quart import render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import admin_required
from quartapp.models import Action
from quartapp.models.audit import WORDS
from quartapp.services.audit import select_events
from quartapp.web.admin.blueprint import bp, read_page
from quartapp.web.paging import read_choice, read_day, read_search


@bp.get("/audit")
@admin_required
async def audit() -> ResponseReturnValue:
    action, person = read_choice("action", Action), read_search()
    days = {"from": read_day("from"), "to": read_day("to")}
    query = select_events(action, person, first=days["from"], last=days["to"])
    shown = {"action": action, "person": person, "days": days, "words": WORDS}
    return await render_template("admin/audit.html", page=await read_page(query), **shown)
