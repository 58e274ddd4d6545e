"""Tell of what happens while it does: events, from all processes to the sockets of this one."""

import asyncio
from typing import Any, cast

from quart import Quart, current_app

from quartapp.live.hub import Hub, Interest, Listener, run_hub
from quartapp.live.told import keep_told

__all__ = ["Hub", "Interest", "Listener", "get_hub"]

STOP_SECONDS = 1.0


def init_app(app: Quart) -> None:
    app.before_serving(start)
    app.after_serving(stop)


def get_hub() -> Hub:
    return cast(Hub, current_app.extensions["live"])


async def start() -> None:
    app: Any = current_app
    hub = app.extensions["live"] = Hub()
    app.extensions["live_tasks"] = [
        asyncio.create_task(run_hub(hub)),
        asyncio.create_task(keep_told(hub)),
    ]


async def stop() -> None:
    app: Any = current_app
    get_hub().stop()
    tasks = app.extensions.pop("live_tasks")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_SECONDS)
