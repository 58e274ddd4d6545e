"""The pages of the debug panel, for this machine alone."""

import inspect
from ipaddress import ip_address
from pathlib import Path

from quart import Blueprint, current_app, render_template, request
from quart.typing import ResponseReturnValue

from quartapp.debug.recorder import PACKAGE, get_records
from quartapp.errors import NotFoundError
from quartapp.limits.rules import unlimited
from quartapp.texts import Text

bp = Blueprint(
    "debug",
    __name__,
    url_prefix="/_debug",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


@bp.before_request
async def refuse_others() -> None:
    """Show strangers nothing, when somebody develops on an address that others reach."""
    try:
        is_here = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise NotFoundError(Text("There is nothing here."))


@bp.get("/")
@unlimited
async def index() -> ResponseReturnValue:
    return await render_template("debug/index.html", records=get_records())


@bp.get("/requests/<name>")
@unlimited
async def show(name: str) -> ResponseReturnValue:
    record = next((record for record in get_records() if record.id == name), None)
    if record is None:
        raise NotFoundError(Text("This request is not kept any more."))
    return await render_template("debug/show.html", record=record)


@bp.get("/routes")
@unlimited
async def routes() -> ResponseReturnValue:
    rules = sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule)
    places = {name: find_source(view) for name, view in current_app.view_functions.items()}
    return await render_template("debug/routes.html", rules=rules, places=places)


def find_source(view: object) -> str:
    """Return where a view is written; nothing for those that are not ours."""
    function = inspect.unwrap(view)  # type: ignore[arg-type]
    code = getattr(function, "__code__", None)
    if code is None or not code.co_filename.startswith(str(PACKAGE)):
        return ""
    return f"{Path(code.co_filename).relative_to(PACKAGE.parent)}:{code.co_firstlineno}"
