"""All that administrators are told of the whole, at one moment."""

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart import current_app

from quartapp.database.migrations import Revision, find_heads, find_revision_state
from quartapp.extensions import db
from quartapp.models.system import DatabaseFacts, Lease, Queue
from quartapp.services.claim import ask_time
from quartapp.services.system import describe_database, describe_work
from quartapp.system import get_vitals
from quartapp.system.process import Disk, Process, list_disks, read_memory, read_versions


@dataclass(frozen=True, slots=True)
class Pool:
    """Connections of this process to the database."""

    used: int
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """How the whole does; nothing in it is a secret."""

    at: datetime  # by the clock of the database
    versions: dict[str, str]
    database: DatabaseFacts
    pool: Pool
    is_current: bool
    migrations: str  # in words
    revision: str  # of the code
    queues: list[Queue]
    leases: list[Lease]
    process: Process
    disks: list[Disk]


async def describe_system() -> Report:
    session = db.session
    now = await ask_time(session)
    database = await describe_database(session)
    state = await find_revision_state(await session.connection())
    queues, leases = await describe_work(session, now)
    return Report(
        at=now,
        versions=read_versions(),
        database=database,
        pool=describe_pool(),
        is_current=state is Revision.CURRENT,
        migrations=state.value,
        revision=", ".join(sorted(find_heads())),
        queues=queues,
        leases=leases,
        process=describe_process(),
        disks=await asyncio.to_thread(list_disks, current_app.config),
    )


def describe_pool() -> Pool:
    pool: Any = db.engine.pool
    return Pool(used=pool.checkedout(), size=pool.size())


def describe_process() -> Process:
    vitals = get_vitals()
    return Process(os.getpid(), vitals.started_at, read_memory(), vitals.lag.worst)
