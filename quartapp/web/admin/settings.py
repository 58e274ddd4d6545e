from quart import current_app, render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import admin_required
from quartapp.config_shown import list_settings
from quartapp.web.admin.blueprint import bp


@bp.get("/settings")
@admin_required
async def settings() -> ResponseReturnValue:
    kind, values = current_app.config["SETTINGS"], current_app.config
    return await render_template(
        "admin/settings.html", kind=type(kind).__name__, settings=list_settings(kind, values)
    )
