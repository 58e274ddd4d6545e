"""After the last fault nothing fails: facts of a while in which there is no excuse."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import Check, Entity, Role, State, User, utcnow
from quartapp.services.check import run_check
from tests.chaos.load import Load

ANSWERS = 20  # that are judged without any excuse
PATIENCE = 60.0  # s until there are so many, and each site was looked at


@dataclass(frozen=True)
class Plan:
    """When a site is looked at next: s from now; None: never."""

    name: str
    interval: float
    due_in: float | None


@dataclass
class Calm:
    began: float = 0.0  # by the clock of the loop
    plans: list[Plan] = field(default_factory=list)  # at its beginning
    unseen: list[str] = field(default_factory=list)  # sites, at its end

    def count_answers(self, load: Load) -> int:
        return sum(answer.began >= self.began for answer in load.ledger.answers)


async def stay_calm(load: Load, engine: AsyncEngine) -> Calm:
    """Wait until some were answered, and each site was looked at, as it was asked for."""
    calm = Calm(asyncio.get_running_loop().time(), await read_plans(engine))
    asked_at = await ask_for_looks(engine)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while calm.count_answers(load) < ANSWERS or await find_unseen(engine, asked_at):
                await asyncio.sleep(0.1)
    calm.unseen = await find_unseen(engine, asked_at)
    return calm


async def read_plans(engine: AsyncEngine) -> list[Plan]:
    query = select(Entity.name, Check.interval, Check.due_at).join(Check.entity)
    async with AsyncSession(engine) as session:
        rows, now = await session.execute(query.where(Check.state != State.PAUSED)), utcnow()
    return [
        Plan(row.name, row.interval, row.due_at and (row.due_at - now).total_seconds())
        for row in rows
    ]


async def ask_for_looks(engine: AsyncEngine) -> datetime:
    """Have each site looked at now, as an administrator may; return since when."""
    watched = select(Entity).join(Check, Check.entity_id == Entity.id)
    watched = watched.where(Check.state != State.PAUSED).order_by(Entity.id)
    async with AsyncSession(engine) as session, session.begin():
        admin = (await session.scalars(select(User).where(User.role == Role.ADMIN))).one()
        asked_at = utcnow()
        for entity in await session.scalars(watched):
            await run_check(session, entity, admin)
    return asked_at


async def find_unseen(engine: AsyncEngine, asked_at: datetime) -> list[str]:
    query = select(Entity.name).join(Check, Check.entity_id == Entity.id)
    is_old = Check.looked_at.is_(None) | (Check.looked_at < asked_at)
    async with AsyncSession(engine) as session:
        return [*await session.scalars(query.where(Check.state != State.PAUSED, is_old))]
