from quart import render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import admin_required
from quartapp.models import Action
from quartapp.models.audit import WORDS
from quartapp.services.audit import select_events
from quartapp.web.admin.blueprint import bp, read_page
from quartapp.web.paging import read_choice, read_search


@bp.get("/audit")
@admin_required
async def audit() -> ResponseReturnValue:
    action, person = read_choice("action", Action), read_search()
    page = await read_page(select_events(action, person))
    return await render_template(
        "admin/audit.html", page=page, action=action, person=person, words=WORDS
    )
