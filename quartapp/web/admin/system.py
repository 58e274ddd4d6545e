from quart import render_template
from quart.typing import ResponseReturnValue

from quartapp.auth import admin_required
from quartapp.models.system import WORKS
from quartapp.system.process import PLACES
from quartapp.system.report import describe_system
from quartapp.web.admin.blueprint import bp


@bp.get("/system")
@admin_required
async def system() -> ResponseReturnValue:
    report = await describe_system()
    return await render_template("admin/system.html", report=report, works=WORKS, places=PLACES)
