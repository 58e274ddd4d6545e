"""What tells people: by mail and by webhooks, in the background."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from quart import Quart, current_app

from quartapp.monitoring import open_own_client
from quartapp.security import make_box
from quartapp.telling.teller import Teller, run_teller

STOP_SECONDS = 1.5  # for the requests under way when the server stops; then they are sent anew
RECORD_SECONDS = 1.0  # to say so


def init_app(app: Quart) -> None:
    """Let the process that serves tell people, too, where it looks at sites."""
    if app.config["CHECKS_IN_WEB"]:
        app.before_serving(start_teller)
        app.after_serving(stop_teller)


@asynccontextmanager
async def open_teller() -> AsyncIterator[Teller]:
    config = current_app.config
    box = make_box([config["SECRET_KEY"], *config["SECRET_KEY_FALLBACKS"]])
    async with open_own_client() as client:  # no look waits for a webhook
        yield Teller(client, box)


async def start_teller() -> None:
    app: Any = current_app
    app.extensions["telling"] = open_teller()
    teller = await app.extensions["telling"].__aenter__()
    app.extensions["teller"] = teller
    app.extensions["teller_task"] = asyncio.create_task(run_teller(teller, STOP_SECONDS))


async def stop_teller() -> None:
    app: Any = current_app
    task: asyncio.Task[None] = app.extensions["teller_task"]
    app.extensions["teller"].stop()
    await asyncio.wait([task], timeout=STOP_SECONDS + RECORD_SECONDS)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await app.extensions["telling"].__aexit__(None, None, None)
