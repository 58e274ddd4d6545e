"""Whose turn it is: workers claim the looks that are due."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quartapp.models import Check, Entity, utcnow
from quartapp.models.base import UtcDateTime
from quartapp.models.check import MAX_CRASHES, QUARANTINE, find_timeout
from quartapp.models.expectation import Expectation
from quartapp.models.reading import Plan
from quartapp.models.share import Shares
from quartapp.services.batch import pad
from quartapp.services.check import lock_check
from quartapp.services.page_watch import load_plans

DEPTH = 50_000  # sites of the queue among which those of others are found, and in time
WANTED: tuple[Any, ...] = (
    *(Check.id, Check.entity_id, Entity.owner_id, Entity.url, Check.host, Check.slot_at),
    *(Check.fence, Check.crashes, Check.interval, Check.statuses, Check.present, Check.absent),
    *(Check.json_path, Check.json_value),
)
# The clocks that all workers share, by dialect; SQLite has none of its own.
UTC_TIMESTAMP = func.utc_timestamp(6, type_=UtcDateTime)
CLOCKS: dict[str, Any] = {
    "postgresql": func.clock_timestamp(type_=UtcDateTime),
    "mysql": UTC_TIMESTAMP,
    "mariadb": UTC_TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Job:
    """One look that is to be made, by whoever holds the fence."""

    check_id: int
    entity_id: int
    owner_id: int | None
    url: str
    host: str
    slot_at: datetime
    fence: int
    timeout: float  # s
    expected: Expectation
    page: Plan = field(default_factory=Plan)


async def ask_time(session: AsyncSession) -> datetime:
    """Return the time by the database's clock, if it has one."""
    clock = CLOCKS.get(session.get_bind().dialect.name)
    return utcnow() if clock is None else (await session.execute(select(clock))).scalar_one()


async def has_due_checks(session: AsyncSession, now: datetime) -> bool:
    return await session.scalar(select(Check.id).where(Check.due_at <= now).limit(1)) is not None


async def claim_checks(
    session: AsyncSession,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    shares: Shares | None = None,
) -> list[Job]:
    """Return jobs that are the caller's alone for *lease*: those that have waited longest.

    *shares* counts the looks that the caller is at: with these, no host and no owner gets more than
    is fair, so that a slow one delays no other. It says afterwards if nobody else's were found.
    """
    chosen = await choose_due(session, now, limit, shares or Shares())
    return await take_checks(session, chosen, now, lease)


async def choose_due(
    session: AsyncSession, now: datetime, limit: int, shares: Shares
) -> list[Row[Any]]:
    """Return rows that are locked; owners who have enough get what the others leave."""
    due = await lock_due(session, select_due(now, shares.full_hosts), limit)
    chosen = shares.choose(due, limit)
    if shares.is_seeking and len(due) == 2 * limit:  # others may stand behind these
        chosen += await choose_others(session, now, limit - len(chosen), shares, chosen)
    known = {row.id for row in chosen}
    passed = (row for row in due if row.id not in known)
    return chosen + shares.fill(passed, limit - len(chosen))


async def choose_others(
    session: AsyncSession, now: datetime, limit: int, shares: Shares, chosen: Collection[Row[Any]]
) -> list[Row[Any]]:
    """Return rows of those who have not enough; who gets enough by them makes room for others."""
    found: list[Row[Any]] = []
    passed: list[int | None] = []
    while len(found) < limit and (owners := shares.full_owners) != passed:
        due = select_due(find_edge(now), shares.full_hosts)
        behind = leave_out(due, owners, [*chosen, *found])
        left = limit - len(found)
        found += shares.choose(await lock_due(session, behind, left), left)
        passed = owners
    shares.is_alone = bool(passed) and not found
    return found


async def claim_check(
    session: AsyncSession, entity: Entity, *, now: datetime, lease: timedelta
) -> Job:
    """Return the job of one site, due or not; whoever looks at it meanwhile may not report.

    One that is paused stays so, and keeps its slot; NotFoundError for one that was removed.
    """
    check = await lock_check(session, entity)
    if not check.is_paused:
        check.slot_at = now
    row = (await session.execute(select_wanted().where(Check.id == check.id))).one()
    (job,) = await take_checks(session, [row], now, lease)
    return job


def select_wanted() -> Select[Any]:
    """What a look has to know of a site."""
    return select(*WANTED).join(Entity, Entity.id == Check.entity_id)


def find_edge(now: datetime) -> ColumnElement[datetime]:
    """Until when those are due that have waited longest, about DEPTH of them."""
    first = aliased(Check)
    due = select(first.due_at).where(first.due_at <= now).order_by(first.due_at)
    edge = due.offset(DEPTH).limit(1).scalar_subquery()
    return func.coalesce(edge, literal(now, UtcDateTime))


def select_due(now: datetime | ColumnElement[datetime], full: Collection[str]) -> Select[Any]:
    due = select_wanted().where(Check.due_at <= now).order_by(Check.due_at, Check.id)
    return due.where(Check.host.not_in(pad(full))) if full else due


def leave_out(
    due: Select[Any], owners: Collection[int | None], chosen: Collection[Row[Any]]
) -> Select[Any]:
    """Leave out the sites of some owners, and what is chosen already."""
    of = Entity.owner_id
    known = pad(owner for owner in owners if owner is not None)
    others: list[ColumnElement[bool]] = [of.is_not(None)] if None in owners else []
    if known:
        others.append(of.is_(None) | of.not_in(known))
    ids = pad(row.id for row in chosen)
    return due.where(is_anybody_else(owners), *others, Check.id.not_in(ids))


def is_anybody_else(owners: Collection[int | None]) -> ColumnElement[bool]:
    """The condition that others have sites: an index tells at once, whatever is due.

    It is asked for each gap between the ids, as a database reads one range to its first row, and
    not several.
    """
    other = aliased(Entity).owner_id
    known = pad(sorted(owner for owner in owners if owner is not None))
    gaps = [and_(other > low, other < high) for low, high in pairwise(known) if low + 1 < high]
    if known:
        gaps += [other < known[0], other > known[-1]]
    else:
        gaps.append(other.is_not(None))
    if None not in owners:
        gaps.append(other.is_(None))
    return or_(*(exists().where(gap) for gap in gaps))


async def lock_due(session: AsyncSession, due: Select[Any], limit: int) -> list[Row[Any]]:
    """Lock more than *limit*, as some are of one host; who is not taken is free at the commit."""
    locked = due.limit(2 * limit).with_for_update(skip_locked=True, of=Check)
    return list(await session.execute(locked))


async def take_checks(
    session: AsyncSession, rows: Collection[Row[Any]], now: datetime, lease: timedelta
) -> list[Job]:
    """Claim rows that are locked: only the last who did may report."""
    poisonous = [row.id for row in rows if row.crashes >= MAX_CRASHES]
    sound = [row.id for row in rows if row.crashes < MAX_CRASHES]
    for ids, time in ((sound, lease), (poisonous, QUARANTINE)):
        if ids:
            # Who is paused stays so: that a look is asked for by hand makes it nobody else's.
            due_at = case((Check.due_at.is_not(None), literal(now + time, UtcDateTime)))
            await session.execute(
                update(Check)
                .where(Check.id.in_(pad(ids)))
                .values(due_at=due_at, fence=Check.fence + 1, crashes=Check.crashes + 1)
                .execution_options(synchronize_session=False)
            )
    plans = await load_plans(session, [row.entity_id for row in rows]) if rows else {}
    return [make_job(row, plans.get(row.entity_id, Plan())) for row in rows]


def make_job(row: Row[Any], page: Plan) -> Job:
    """Return the job of a row that was claimed: its fence is one more than it was."""
    return Job(
        check_id=row.id,
        entity_id=row.entity_id,
        owner_id=row.owner_id,
        url=row.url,
        host=row.host,
        slot_at=row.slot_at,
        fence=row.fence + 1,
        timeout=find_timeout(row.interval),
        expected=Expectation(row.statuses, row.present, row.absent, row.json_path, row.json_value),
        page=page,
    )


async def release_jobs(session: AsyncSession, jobs: Iterable[Job], now: datetime) -> None:
    """Give back what was claimed and not looked at."""
    for job in jobs:
        await session.execute(
            update(Check)
            .where(Check.id == job.check_id)
            .where(Check.fence == job.fence, Check.slot_at == job.slot_at)
            .values(due_at=now, crashes=Check.crashes - 1)
            .execution_options(synchronize_session=False)
        )
