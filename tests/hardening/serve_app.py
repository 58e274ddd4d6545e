"""quartapp itself, with addresses that tell what arrived, and what the process holds."""

import asyncio
from pathlib import Path
from typing import Any, NoReturn, cast

from quart import current_app, request, websocket

import quartapp
from quartapp.app import QuartApp
from quartapp.limits import unlimited
from quartapp.system.report import describe_pool

FILES = Path("/proc/self/fd")


def create_app() -> QuartApp:
    app = quartapp.create_app()
    app.add_url_rule("/hardening/holds", view_func=unlimited(tell_holds))
    app.add_url_rule("/hardening/body", view_func=unlimited(tell_body), methods=["GET", "POST"])
    app.add_url_rule("/hardening/fail", view_func=unlimited(fail), methods=["GET", "POST"])
    app.add_websocket("/hardening/echo", view_func=unlimited(echo))
    return app


async def tell_holds() -> dict[str, int]:
    """Tell what must be given back when clients have gone."""
    app = cast(QuartApp, current_app)
    return {
        "files": len(list(FILES.iterdir())),
        "connections": describe_pool().used,
        "requests": app.in_flight,
        "sockets": len(app.sockets),
        "tasks": len(asyncio.all_tasks()),
    }


async def tell_body() -> dict[str, Any]:
    """Tell how much of a body arrived."""
    return {"method": request.method, "size": len(await request.get_data())}


async def fail() -> NoReturn:
    """Say in an exception what no exception should say."""
    given = f"{dict(request.headers)} {dict(request.args)} {dict(await request.form)}"
    raise RuntimeError(f"{request.url} {given}")


async def echo() -> None:
    """Say again what is said, however often."""
    socket: Any = websocket
    socket._get_current_object().check_message = None
    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())
