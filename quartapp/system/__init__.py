"""How this process and what it works with do, for administrators."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from quart import Quart, current_app

from quartapp.models import utcnow
from quartapp.monitoring.lag import LagMeter


@dataclass
class Vitals:
    """What a process remembers of itself."""

    started_at: datetime = field(default_factory=utcnow)
    lag: LagMeter = field(default_factory=LagMeter)


def init_app(app: Quart) -> None:
    app.extensions["vitals"] = Vitals()
    app.before_serving(start)
    app.after_serving(stop)


def get_vitals() -> Vitals:
    return cast(Vitals, current_app.extensions["vitals"])


async def start() -> None:
    app: Any = current_app
    app.extensions["vitals_task"] = asyncio.create_task(get_vitals().lag.run())


async def stop() -> None:
    app: Any = current_app
    task: asyncio.Task[None] = app.extensions.pop("vitals_task")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
