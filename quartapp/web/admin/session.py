from quart import render_template
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import acts_as_admin, admin_required, get_user
from quartapp.extensions import db
from quartapp.services.session import remove_session, select_all_sessions
from quartapp.web.admin.blueprint import bp, finish, read_page
from quartapp.web.forms import require_token
from quartapp.web.paging import read_search


@bp.get("/sessions")
@admin_required
async def sessions() -> ResponseReturnValue:
    person = read_search()
    page = await read_page(select_all_sessions(person))
    return await render_template("admin/sessions.html", page=page, person=person)


@bp.post("/sessions/<id:session_id>/remove")
@admin_required
async def remove_one_session(session_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_session(db.session, session_id, get_user(), as_admin=acts_as_admin())
    return await finish(gettext("The browser was signed out."), row.user_id)
