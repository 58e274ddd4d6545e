from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import acts_as_admin, admin_required, get_user
from quartapp.extensions import db
from quartapp.services.passkey import remove_passkey
from quartapp.web.admin.blueprint import bp, finish
from quartapp.web.forms import require_token


@bp.post("/passkeys/<id:passkey_id>/remove")
@admin_required
async def remove_one_passkey(passkey_id: int) -> ResponseReturnValue:
    await require_token()
    row = await remove_passkey(db.session, passkey_id, get_user(), as_admin=acts_as_admin())
    return await finish(gettext("The passkey %(name)s was removed.", name=row.name), row.user_id)
