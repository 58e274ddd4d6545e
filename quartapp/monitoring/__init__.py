"""What looks at sites: a guarded client and a watcher, in the background."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from quart import Quart, current_app

from quartapp.models.look import Look
from quartapp.monitoring.client import Client, open_client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.gate import Gate
from quartapp.monitoring.watch import Watcher, run_checks
from quartapp.services.claim import Job

CANARY_SECONDS = 5.0  # for a site that always answers
PATIENCE = 2.0  # s that a look holds a slot while others ask the same address; then others get it
STOP_SECONDS = 1.5  # for the looks under way when the server stops; then they are given back
RECORD_SECONDS = 1.0  # to say so


def init_app(app: Quart) -> None:
    """Let the process that serves look at sites, too, when the settings say so."""
    if app.config["CHECKS_IN_WEB"]:
        app.before_serving(start_watcher)
        app.after_serving(stop_watcher)


@asynccontextmanager
async def open_own_client() -> AsyncIterator[Client]:
    """Open the client that the settings of this app describe."""
    config = current_app.config
    address = config["PUBLIC_URL"]
    async with open_client(
        user_agent=f"quartapp (+{address})" if address else "quartapp",
        ports=config["CHECK_PORTS"],
        allowed=config["CHECK_ALLOWED_NETWORKS"],
        ca_file=config["CHECK_CA_FILE"],
    ) as client:
        yield client


@asynccontextmanager
async def open_watcher(patience: float | None = PATIENCE) -> AsyncIterator[Watcher]:
    """Open a watcher of this app's settings; without *patience* its looks wait for their turn."""
    config = current_app.config
    async with open_own_client() as client:

        async def look_at(job: Job) -> Look:
            return await look(client, job.url, timeout=job.timeout, patience=patience)

        async def ask(url: str) -> Look:
            return await look(client, url, timeout=CANARY_SECONDS)

        yield Watcher(
            look_at,
            slots=config["CHECK_SLOTS"],
            lease=config["CHECK_LEASE"],
            days=config["RESULT_DAYS"],
            gate=Gate(config["CHECK_CANARIES"], ask),
        )


async def start_watcher() -> None:
    app: Any = current_app
    app.extensions["watching"] = open_watcher()
    watcher = await app.extensions["watching"].__aenter__()
    app.extensions["watcher"] = watcher
    app.extensions["watcher_task"] = asyncio.create_task(run_checks(watcher, STOP_SECONDS))


async def stop_watcher() -> None:
    app: Any = current_app
    task: asyncio.Task[None] = app.extensions["watcher_task"]
    app.extensions["watcher"].stop()
    await asyncio.wait([task], timeout=STOP_SECONDS + RECORD_SECONDS)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await app.extensions["watching"].__aexit__(None, None, None)
