"""A small application for the tests of the server itself; its command line has `serve`."""

import asyncio
import logging
import os
import time
from typing import Any, cast

from quart import current_app, request, websocket

from quartapp import serve
from quartapp.app import QuartApp

SETTINGS = ("SHUTDOWN_LAME_DUCK", "SHUTDOWN_GRACE")
PATIENT = 20.0  # s after the grace: a process of a busy machine does not hang


def create_app() -> QuartApp:
    logging.basicConfig(level=logging.INFO)
    serve.OVERTIME = float(os.environ.get("OVERTIME", PATIENT))
    app = QuartApp(__name__)
    app.config.update({name: float(os.environ.get(name, 1)) for name in SETTINGS})
    app.config["TRUSTED_PROXIES"] = ["unix"]
    app.cli.add_command(serve.serve_command)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/slow/<float:seconds>", view_func=slow, methods=["GET", "POST"])
    app.add_url_rule("/hang/<float:seconds>", view_func=hang)
    app.add_url_rule("/", "seen", seen, defaults={"path": ""})
    app.add_url_rule("/<path:path>", "seen", seen, methods=["GET", "POST"])
    app.add_websocket("/socket", view_func=echo)
    app.add_websocket("/socket/pid", view_func=tell_pid)
    app.before_serving(fail_on_demand)
    app.after_serving(say_goodbye)
    return app


async def readyz() -> tuple[dict[str, bool], int]:
    draining = cast(QuartApp, current_app).draining
    return {"ready": not draining}, 503 if draining else 200


async def slow(seconds: float) -> dict[str, Any]:
    print("slow begins", flush=True)  # noqa: T201
    await asyncio.sleep(seconds)
    return {"pid": os.getpid(), "body": await request.get_data(as_text=True)}


async def hang(seconds: float) -> str:
    print("hang begins", flush=True)  # noqa: T201
    time.sleep(seconds)  # noqa: ASYNC251  # the loop is meant to hang
    return "done"


async def seen(path: str) -> dict[str, Any]:
    """What arrives here of a request."""
    return {
        "pid": os.getpid(),
        "path": path,
        "client": request.remote_addr,
        "scheme": request.scheme,
        "host": request.host,
        "headers": dict(request.headers),
        "body": await request.get_data(as_text=True),
        "in_flight": cast(QuartApp, current_app).in_flight,
    }


async def echo() -> None:
    await websocket.send_json(dict(websocket.headers))
    while True:
        await websocket.send(await websocket.receive())


async def tell_pid() -> None:
    await websocket.send(str(os.getpid()))


async def fail_on_demand() -> None:
    if "FAIL" in os.environ:
        raise RuntimeError("no database")
    await asyncio.sleep(float(os.environ.get("SLOW_START", 0)))


async def say_goodbye() -> None:
    print("goodbye", flush=True)  # noqa: T201
