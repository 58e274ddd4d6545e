"""The watcher leaves nothing behind: a loop that ends with a task cut off twice never does."""

import asyncio
from contextlib import suppress

import pytest
from quart import Quart

from quartapp.auth import sockets
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.look import Look
from quartapp.monitoring import watch as module
from quartapp.monitoring.watch import Watcher, run_checks
from quartapp.services.claim import Job

GOODBYE = 0.3  # s, as a connection takes that is closed


async def answer(job: Job) -> Look:
    return Look(job.url, utcnow(), status=200)


class Helper:
    """Something that takes a while to end when it is cut off."""

    def __init__(self) -> None:
        self.is_at_work = asyncio.Event()
        self.has_ended = False

    async def work(self, *_: object) -> None:
        self.is_at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(GOODBYE)
            self.has_ended = True


@pytest.mark.parametrize("name", ["keep_resting", "keep_rolling_up", "keep_results"])
async def test_watcher_ends_after_all_that_helped_it(
    app: Quart, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    helper, watcher = Helper(), Watcher(answer)
    monkeypatch.setattr(module, name, helper.work)
    async with app.app_context():
        task = asyncio.create_task(run_checks(watcher, 1.0))
        await helper.is_at_work.wait()
        watcher.stop()
        await task
        await db.engine.dispose()

    assert helper.has_ended


async def test_server_ends_after_the_watch_of_its_sockets(
    fresh_app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = Helper()
    monkeypatch.setattr(sockets, "watch", helper.work)
    async with fresh_app.test_app():
        await helper.is_at_work.wait()

    assert helper.has_ended
