"""The OpenAPI document, and a page that shows it: no network, no inline script."""

from pathlib import Path

import flask_swagger_ui
from quart import Blueprint, Response, current_app, render_template, send_from_directory
from quart_schema import hide

from quartapp.errors import NotFoundError

bp = Blueprint("docs", __name__)
DIST = Path(flask_swagger_ui.__file__).parent / "dist"
ASSETS = {"swagger-ui.css", "swagger-ui-bundle.js"}
DAY = 24 * 3600  # s


@bp.get("/openapi.json")
@hide
async def openapi() -> Response:
    """Return this document."""
    schema = current_app.extensions["QUART_SCHEMA"].openapi_provider.schema()
    return Response(current_app.json.dumps(schema), content_type="application/json")


@bp.get("/docs")
@hide
async def index() -> str:
    return await render_template("api/docs.html")


@bp.get("/docs/<name>")
@hide
async def asset(name: str) -> Response:
    if name not in ASSETS:
        raise NotFoundError(f"There is no file {name!r} here.")
    return await send_from_directory(DIST, name, cache_timeout=DAY)
