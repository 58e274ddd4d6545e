"""Where a site stands in all that is watched: what its page begins with, in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Bug, Check, Entity, Outage, PageWatch, State, Tamper, User
from quartapp.models.rules import Severity
from quartapp.models.tally import ACTIVE
from quartapp.models.tamper import TamperState
from quartapp.models.usability import YOUTH, is_moving
from quartapp.services.bug import select_bugs
from quartapp.services.check import get_check
from quartapp.services.status import Uptimes, measure_uptimes
from quartapp.services.tamper import get_page
from quartapp.services.usability import list_results, select_outages

SHOWN = 5  # outages, and bugs


@dataclass(frozen=True, slots=True)
class Overview:
    check: Check
    page: PageWatch
    is_moving: bool  # where it stands may change any moment, and no event tells of that
    uptimes: Uptimes
    last: Row[Any] | None  # look
    outages: Sequence[Outage]  # the newest
    bugs: dict[Severity, int]  # that wait for somebody, the worst first; none: not there
    worst: Sequence[Bug]
    change: int | None  # the newest one that nobody has settled, its id

    @property
    def trouble(self) -> str:
        """Why the last look at a site told nothing, where none has told anything yet."""
        return self.last.detail if self.last and self.check.state == State.NEW else ""


async def load_overview(
    session: AsyncSession, entity: Entity, now: datetime, *, seen_by: User | None
) -> Overview:
    uptimes = await measure_uptimes(session, [entity.id], now)
    check = await get_check(session, entity)
    looks = await list_results(session, entity, limit=1)
    bugs = select_bugs(seen_by=seen_by, entity_id=entity.id, states=ACTIVE)
    return Overview(
        check=check,
        page=await get_page(session, entity),
        is_moving=is_moving(check.state, is_young=entity.created_at > now - YOUTH),
        uptimes=uptimes[entity.id],
        last=looks[0] if looks else None,
        outages=(await session.scalars(select_outages(entity).limit(SHOWN))).all(),
        bugs=await count_bugs(session, entity),
        worst=(await session.scalars(bugs.limit(SHOWN))).all(),
        change=await find_change(session, entity),
    )


async def count_bugs(session: AsyncSession, entity: Entity) -> dict[Severity, int]:
    query = select(Bug.severity, func.count()).where(Bug.entity_id == entity.id)
    rows = await session.execute(query.where(Bug.state.in_(ACTIVE)).group_by(Bug.severity))
    counts = {Severity(severity): count for severity, count in rows}
    return {severity: counts[severity] for severity in Severity if severity in counts}


async def find_change(session: AsyncSession, entity: Entity) -> int | None:
    query = select(func.max(Tamper.id)).where(Tamper.entity_id == entity.id)
    found: int | None = await session.scalar(query.where(Tamper.state == TamperState.OPEN))
    return found
