"""Tell of what happens while it does: events, from all processes to the sockets of this one."""

import asyncio
from contextlib import suppress
from typing import Any, cast

from quart import Quart, current_app

from quartapp.live.hub import Hub, Interest, Listener, find_begin, run_hub
from quartapp.live.told import keep_told

__all__ = ["Hub", "Interest", "Listener", "find_begin", "get_hub"]


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
    for task in app.extensions.pop("live_tasks"):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
