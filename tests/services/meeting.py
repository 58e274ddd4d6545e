"""Two transactions at once: the second begins in the middle of the first."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.extensions import db
from quartapp.models import User
from tests.wire import PATIENCE

Work = Callable[[AsyncSession, User], Awaitable[object]]
PAUSE = 0.15  # s between two looks: what MariaDB tells is not made anew within 0.1 s
# SQLite lets one write at a time: there the second always waits.
COUNT_WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    "sqlite": "SELECT 1",
}


async def do_at_once(user: User, first: Work, second: Work) -> None:
    """Do both for *user*; the first is committed when the second waits for it, or is done."""
    async with db.begin() as session:
        await first(session, await session.get_one(User, user.id))
        task = asyncio.create_task(do(user, second))
        await until_waiting(task)
    async with asyncio.timeout(PATIENCE):
        await task


async def do(user: User, work: Work) -> None:
    async with db.begin() as session:
        await work(session, await session.get_one(User, user.id))


async def until_waiting(task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not task.done() and not await count_waiting():  # noqa: ASYNC110
            await asyncio.sleep(PAUSE)


async def count_waiting() -> int:
    async with db.read() as session:
        return await session.scalar(text(COUNT_WAITING[db.engine.dialect.name])) or 0
