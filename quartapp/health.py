"""Is it alive, is it ready: for supervisors, load balancers and people with `curl`."""

import asyncio
from time import monotonic
from typing import Any, cast

from quart import Blueprint, Quart, Response, current_app, request

from quartapp.app import QuartApp
from quartapp.asgi.json_provider import make_json
from quartapp.auth import acts_as_admin, recognize
from quartapp.database import classify
from quartapp.database.migrations import Revision, find_revision_state, warn_if_behind
from quartapp.extensions import db
from quartapp.limits import unlimited
from quartapp.system.readiness import describe_readiness

bp = Blueprint("health", __name__)
PATIENCE = 2.0  # s for the database to answer; balancers ask every few seconds


def init_app(app: Quart) -> None:
    app.register_blueprint(bp)

    @app.before_serving
    async def warn() -> None:
        await warn_if_behind(db.engine)


@bp.get("/livez")
@unlimited
async def livez() -> Response:
    """The process answers; asks nobody else."""
    return make_json({"status": "alive"})


@bp.get("/readyz")
@unlimited
async def readyz() -> tuple[dict[str, Any], int, dict[str, str]]:
    """The process may be sent work: it stays, and its database is there and fits this version."""
    until = monotonic() + PATIENCE
    fault = find_drain() or await find_database_fault()
    detail = await find_detail(until)
    if fault:
        return {"status": "not ready", "reason": fault} | detail, 503, {"Retry-After": "2"}
    return {"status": "ready"} | detail, 200, {}


async def find_detail(until: float) -> dict[str, Any]:
    """Tell administrators more; nobody is known as one while the database does not answer."""
    if "Authorization" not in request.headers and "Cookie" not in request.headers:
        return {}
    try:
        async with asyncio.timeout(until - monotonic()):
            await recognize()
            if not acts_as_admin():
                return {}
            return {"draining": is_draining(), **await describe_readiness()}
    except Exception as error:
        if not isinstance(error, TimeoutError) and classify(error) is None:
            raise
        return {}


def is_draining() -> bool:
    return cast(QuartApp, current_app).draining


def find_drain() -> str:
    return "This process is about to stop." if is_draining() else ""


async def find_database_fault() -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            state = await find_state()
    except TimeoutError:
        return f"The database has not answered for {PATIENCE:g} s."
    except Exception as error:
        known = classify(error)
        if known is None:
            raise
        return str(known)
    return "" if state.is_usable else state.value


async def find_state() -> Revision:
    async with db.engine.execution_options(reads_only=True).connect() as connection:
        return await find_revision_state(connection)
