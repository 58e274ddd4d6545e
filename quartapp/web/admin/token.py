from quart import render_template
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import acts_as_admin, admin_required, get_user
from quartapp.extensions import db
from quartapp.services.token import remove_token, select_all_tokens
from quartapp.web.admin.blueprint import bp, finish, read_page
from quartapp.web.forms import require_token
from quartapp.web.paging import read_search


@bp.get("/tokens")
@admin_required
async def tokens() -> ResponseReturnValue:
    person = read_search()
    page = await read_page(select_all_tokens(person))
    return await render_template("admin/tokens.html", page=page, person=person)


@bp.post("/tokens/<id:token_id>/remove")
@admin_required
async def remove_one_token(token_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_token(db.session, token_id, get_user(), as_admin=acts_as_admin())
    return await finish(gettext("The token %(name)s was revoked.", name=row.name), row.user_id)
