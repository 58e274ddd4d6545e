"""Whose turn it is: workers claim the looks that are due."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.models import Check, Entity, utcnow
from quartapp.models.base import UtcDateTime
from quartapp.models.check import MAX_CRASHES, QUARANTINE
from quartapp.models.expectation import Expectation
from quartapp.models.reading import Plan
from quartapp.services.page_watch import load_plans

PER_HOST = 2  # looks at one host at once, of one worker


@dataclass(frozen=True, slots=True)
class Job:
    """One look that is to be made, by whoever holds the fence."""

    check_id: int
    entity_id: int
    url: str
    host: str
    slot_at: datetime
    fence: int
    timeout: float  # s
    expected: Expectation
    page: Plan = field(default_factory=Plan)


async def ask_time(session: AsyncSession) -> datetime:
    """Return the time by the database's clock, which all workers share."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        return utcnow()  # it has none of its own
    if dialect == "postgresql":
        clock = func.clock_timestamp(type_=UtcDateTime)
    else:
        clock = func.utc_timestamp(6, type_=UtcDateTime)
    return (await session.execute(select(clock))).scalar_one()


async def has_due_checks(session: AsyncSession, now: datetime) -> bool:
    return await session.scalar(select(Check.id).where(Check.due_at <= now).limit(1)) is not None


async def claim_checks(
    session: AsyncSession,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    busy: Counter[str] | None = None,
    crowds: Mapping[str, str] | None = None,
) -> list[Job]:
    """Return jobs that are the caller's alone for *lease*: those that have waited longest.

    *busy* counts the looks at each host that the caller is at: with these, no host gets more than
    PER_HOST at once, so that a slow one delays no other. Hosts of *crowds* share an address, or
    lead to the same host: they are counted by what they share.
    """
    counts, crowds = Counter(busy or ()), crowds or {}
    full = [place for place, count in counts.items() if count >= PER_HOST]
    full += [host for host, place in crowds.items() if counts[place] >= PER_HOST]
    # Some more than needed, as some are of one host; who is not taken is free at the commit.
    due = select_due(now, full).limit(2 * limit)
    chosen: list[Check] = []
    for check in await session.scalars(due.with_for_update(skip_locked=True, of=Check)):
        place = crowds.get(check.host, check.host)
        if len(chosen) < limit and counts[place] < PER_HOST:
            counts[place] += 1
            chosen.append(check)
    return await take_checks(session, chosen, now, lease)


async def claim_check(
    session: AsyncSession, entity: Entity, *, now: datetime, lease: timedelta
) -> Job:
    """Return the job of one site, due or not; whoever looks at it meanwhile may not report."""
    query = select(Check).where(Check.entity_id == entity.id).with_for_update(of=Check)
    check = (await session.scalars(query.options(joinedload(Check.entity)))).one()
    if not check.is_paused:
        check.slot_at = now
    return (await take_checks(session, [check], now, lease))[0]


def select_due(now: datetime, full: Collection[str]) -> Select[Check]:
    due = select(Check).where(Check.due_at <= now).order_by(Check.due_at, Check.id)
    due = due.options(joinedload(Check.entity, innerjoin=True))
    return due.where(Check.host.not_in(full)) if full else due


async def take_checks(
    session: AsyncSession, checks: Collection[Check], now: datetime, lease: timedelta
) -> list[Job]:
    """Claim rows that are locked: only the last who did may report."""
    for check in checks:
        is_poison = check.crashes >= MAX_CRASHES
        check.due_at = now + (QUARANTINE if is_poison else lease)
        check.fence += 1
        check.crashes += 1
    await session.flush()
    plans = await load_plans(session, [check.entity_id for check in checks])
    return [make_job(check, plans.get(check.entity_id, Plan())) for check in checks]


def make_job(check: Check, page: Plan) -> Job:
    return Job(
        check_id=check.id,
        entity_id=check.entity_id,
        url=check.entity.url,
        host=check.host,
        slot_at=check.slot_at,
        fence=check.fence,
        timeout=check.timeout,
        expected=check.expected,
        page=page,
    )


async def release_jobs(session: AsyncSession, jobs: Iterable[Job], now: datetime) -> None:
    """Give back what was claimed and not looked at."""
    for job in jobs:
        await session.execute(
            update(Check)
            .where(Check.id == job.check_id, Check.fence == job.fence)
            .values(due_at=now, crashes=Check.crashes - 1)
            .execution_options(synchronize_session=False)
        )
