"""Is it alive, is it ready: for supervisors, load balancers and people with `curl`."""

import asyncio
from typing import cast

from quart import Blueprint, Quart, Response, current_app

from quartapp.app import QuartApp
from quartapp.asgi.json_provider import make_json
from quartapp.database import classify
from quartapp.database.migrations import Revision, find_revision_state, warn_if_behind
from quartapp.extensions import db
from quartapp.limits import unlimited

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
async def readyz() -> tuple[dict[str, str], int, dict[str, str]]:
    """The process may be sent work: it stays, and its database is there and fits this version."""
    fault = find_drain() or await find_database_fault()
    if fault:
        return {"status": "not ready", "reason": fault}, 503, {"Retry-After": "2"}
    return {"status": "ready"}, 200, {}


def find_drain() -> str:
    return "This process is about to stop." if cast(QuartApp, current_app).draining else ""


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
    return "" if state in (Revision.CURRENT, Revision.AHEAD) else state.value


async def find_state() -> Revision:
    async with db.engine.execution_options(reads_only=True).connect() as connection:
        return await find_revision_state(connection)
