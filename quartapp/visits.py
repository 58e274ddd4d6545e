"""Count visits of pages, without cookies and addresses: in memory, then in a table."""

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from quart import Quart, Response, current_app, request

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.visit import ELSEWHERE, VisitKey, make_key
from quartapp.services.visit import add_visits

PAUSE = 10.0  # s between two writes
MAX_KEYS = 10_000  # that are counted at once; new ones are left out while the database is away
STOP_SECONDS = 2.0  # for the last write
# Programs that say what they are; nobody looks at the pages that these ask for.
ROBOT = re.compile(
    r"bot|crawl|spider|slurp|scan|preview|monitor|uptime|headless|curl|wget|python|java/|go-http"
    r"|okhttp|libwww|httpclient|quartapp",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


@dataclass
class Counter:
    """What this process has counted and not written yet."""

    counts: dict[VisitKey, int] = field(default_factory=dict)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, counts: Mapping[VisitKey, int]) -> None:
        for key, count in counts.items():
            if key in self.counts or len(self.counts) < MAX_KEYS:
                self.counts[key] = self.counts.get(key, 0) + count

    def take(self) -> dict[VisitKey, int]:
        taken, self.counts = self.counts, {}
        return taken


def init_app(app: Quart) -> None:
    if app.config["COUNT_VISITS"]:
        app.extensions["visits"] = Counter()
        app.after_request(count_visit)
        app.before_serving(start)
        app.after_serving(stop)


def get_counter() -> Counter:
    return cast(Counter, current_app.extensions["visits"])


async def count_visit(response: Response) -> Response:
    if is_visit(response):
        route = request.url_rule.rule if request.url_rule else ELSEWHERE
        key = make_key(utcnow().date(), route, response.status_code)
        get_counter().add({key: 1})
    return response


def is_visit(response: Response) -> bool:
    """Tell whether somebody was to look at this; scripts and programs that fetch it do not."""
    agent = request.headers.get("User-Agent", "")
    return (
        request.method == "GET"
        and response.mimetype == "text/html"
        and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        and "prefetch" not in request.headers.get("Sec-Purpose", "")
        and agent != ""
        and ROBOT.search(agent) is None
    )


async def start() -> None:
    app: Any = current_app
    app.extensions["visits_task"] = asyncio.create_task(keep_writing(get_counter()))


async def stop() -> None:
    app: Any = current_app
    get_counter().stopped.set()
    task: asyncio.Task[None] = app.extensions.pop("visits_task")
    await asyncio.wait([task], timeout=STOP_SECONDS)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def keep_writing(counter: Counter) -> None:
    """Write now and then, and once more at the end; what goes wrong is tried again."""
    while not counter.stopped.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(counter.stopped.wait(), PAUSE)
        try:
            await write(counter)
        except Exception as error:
            known = classify(error)
            unknown = None if known else error
            logger.warning("Visits are kept later: %s", known or "see below", exc_info=unknown)


async def write(counter: Counter) -> None:
    """Add what was counted to what is kept; what is not kept is counted on."""
    taken = counter.take()
    if not taken:
        return
    try:
        async with db.begin() as session:
            await add_visits(session, taken)
    except BaseException:
        counter.add(taken)
        raise
