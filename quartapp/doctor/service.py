"""What the application works with: the database, its workers, the folders that it writes to."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from quart import current_app

from quartapp.database import classify
from quartapp.database.migrations import Revision, find_revision_state
from quartapp.doctor import Finding, Level
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.system import Queue, Work
from quartapp.services.claim import ask_time
from quartapp.services.system import describe_database, describe_work
from quartapp.system.process import find_folders, list_disks

SKEW = 2.0  # s that the clocks of this machine and of the database may differ
LATE = {Work.LOOKS: 120.0, Work.MAIL: 600.0, Work.TELLING: 600.0}  # s
FREE = 0.05  # of a disk
LEVELS = {Revision.CURRENT: Level.OK, Revision.AHEAD: Level.WARN}


async def check_service() -> AsyncIterator[Finding]:
    for finding in check_folders():
        yield finding
    try:
        async for finding in check_database():
            yield finding
    except Exception as error:
        known = classify(error)
        if known is None:
            raise
        yield Finding(Level.FAIL, "database", str(known))


def check_folders() -> Iterator[Finding]:
    for place, folder in find_folders(current_app.config):
        if not os.access(folder, os.W_OK | os.X_OK):
            text = f"{folder} ({place}) cannot be written by this user."
            yield Finding(Level.FAIL, "files", text)
        elif Path(folder).stat().st_mode & 0o002:
            text = f"{folder} ({place}) can be written by anybody; run: chmod o-w {folder}"
            yield Finding(Level.FAIL, "files", text)
    for disk in list_disks(current_app.config):
        if disk.free < FREE * disk.total:
            text = f"The disk of {disk.place} has {disk.free // 2**20} MiB left."
            yield Finding(Level.WARN, "files", text)


async def check_database() -> AsyncIterator[Finding]:
    async with db.read() as session:
        facts = await describe_database(session)
        yield Finding(Level.OK, "database", f"{facts.kind} {facts.version} answers.")
        state = await find_revision_state(await session.connection())
        level = LEVELS.get(state, Level.FAIL)
        yield Finding(level, "migrations", str(state.value))
        if level is Level.FAIL:
            return
        now = await ask_time(session)
        skew = abs((utcnow() - now).total_seconds())
        if skew > SKEW:
            text = f"This clock and that of the database differ by {skew:.0f} s: see NTP."
            yield Finding(Level.FAIL, "clock", text)
        queues, _ = await describe_work(session, now)
    for queue in queues:
        yield judge_queue(queue)


def judge_queue(queue: Queue) -> Finding:
    """Tell from how late the work is whether anybody does it."""
    if queue.late <= LATE[queue.work]:
        return Finding(Level.OK, "workers", f"{queue.work}: nothing waits for long.")
    text = f"{queue.work}: {queue.due} wait, the oldest for {queue.late:.0f} s. Is a worker there?"
    return Finding(Level.FAIL, "workers", text)
