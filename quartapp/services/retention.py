"""How long results are kept: PostgreSQL has a partition for each day, the others lose old rows.

What is not rolled up yet stays, however old it is.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import CursorResult, Select, delete, func, select, table, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Entity, result, rolled
from quartapp.models.rollup import REDO

AHEAD = 3  # days that have their partition before they come
KEY = 0x71756173  # of the advisory lock that lets one at a time make and drop partitions
SITES = 50  # of whose old rows a day goes in one transaction


def start_day(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def name_partition(day: date) -> str:
    return f"result_{day:%Y%m%d}"


async def make_partitions(session: AsyncSession, today: date) -> list[str]:
    """Make those of today and the days ahead, if they are not there; return the new ones."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    await session.execute(select(func.pg_advisory_xact_lock(KEY)))
    there = await list_partitions(session)
    days = [today + timedelta(days=number) for number in range(AHEAD + 1)]
    new = [day for day in days if name_partition(day) not in there]
    return [name_partition(day) for day in new if await make_partition(session, day)]


async def make_partition(session: AsyncSession, day: date) -> bool:
    """Make one; False when results of that day came before it, and stay with the rest."""
    start, end = start_day(day), start_day(day + timedelta(days=1))
    # Names and times come from a date, never from a person.
    made = f"CREATE TABLE {name_partition(day)} PARTITION OF result"
    try:
        async with session.begin_nested():
            await session.execute(text(f"{made} FOR VALUES FROM ('{start}') TO ('{end}')"))
    except IntegrityError:
        return False
    return True


async def drop_partitions(session: AsyncSession, oldest: date) -> dict[str, int]:
    """Drop those of days before *oldest* when all of them are rolled up; return their rows."""
    if session.get_bind().dialect.name != "postgresql":
        return {}
    await session.execute(select(func.pg_advisory_xact_lock(KEY)))
    if await is_any_needed(session, oldest):
        return {}
    old = [name for name in await list_partitions(session) if name < name_partition(oldest)]
    rows = {name: await count_partition(session, name) for name in old}
    for name in old:
        await session.execute(text(f"DROP TABLE {name}"))
    return rows


async def count_partition(session: AsyncSession, name: str) -> int:
    return await session.scalar(select(func.count()).select_from(table(name))) or 0


async def is_any_needed(session: AsyncSession, oldest: date) -> bool:
    """Tell whether a site has results of days before *oldest* that are not rolled up yet."""
    old = select(result.c.slot_at).where(
        result.c.entity_id == Entity.id, result.c.slot_at < start_day(oldest)
    )
    late = select(Entity.id).where(Entity.id.not_in(select_settled(oldest)), old.exists())
    return await session.scalar(late.limit(1)) is not None


def select_settled(oldest: date) -> Select[int]:
    """The sites whose results of the days before *oldest* no roll-up will ask for again."""
    return select(rolled.c.entity_id).where(rolled.c.until >= start_day(oldest) + REDO)


async def list_partitions(session: AsyncSession) -> list[str]:
    """Return the names of the days' partitions, the oldest first; not that for the rest."""
    names = await session.scalars(
        text(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent = 'result'::regclass ORDER BY child.relname"
        )
    )
    return [name for name in names if name != "result_rest"]


class Swept(NamedTuple):
    """What a step has come to: the site after which the next one begins, and the rows that went."""

    after: int | None  # None: there are no more sites
    removed: int


async def remove_old_results(
    session: AsyncSession, oldest: date, *, after: int, sites: int = SITES
) -> Swept:
    """Remove what is older and rolled up from some sites, those after *after*: a day of it."""
    following = select(Entity.id).where(Entity.id > after).order_by(Entity.id).limit(sites)
    last: int | None = await session.scalar(select(func.max(following.subquery().c.id)))
    if last is None:
        return Swept(None, 0)
    end = start_day(oldest)
    first = await find_first_slot(session, oldest, after, last)
    if first is None or first >= end:
        return Swept(last, 0)
    until = min(end, first + timedelta(days=1))
    done = await session.execute(
        delete(result).where(
            result.c.entity_id > after,
            result.c.entity_id <= last,
            result.c.slot_at < until,
            result.c.entity_id.in_(select_settled(oldest)),
        )
    )
    removed = done.rowcount if isinstance(done, CursorResult) else 0
    return Swept(last if until == end else after, removed)


async def find_first_slot(
    session: AsyncSession, oldest: date, after: int, last: int
) -> datetime | None:
    """Return when the first of the results was due that some sites may lose."""
    # One step into the index for each site, however many results it has.
    first = select(func.min(result.c.slot_at)).where(result.c.entity_id == rolled.c.entity_id)
    each = (
        select_settled(oldest)
        .where(rolled.c.entity_id > after, rolled.c.entity_id <= last)
        .with_only_columns(first.scalar_subquery().label("first"))
    )
    found: datetime | None = await session.scalar(select(func.min(each.subquery().c.first)))
    return found


async def count_old_results(session: AsyncSession, oldest: date) -> int:
    """Return how many results are older and rolled up."""
    query = (
        select(func.count())
        .select_from(result)
        .where(result.c.slot_at < start_day(oldest), result.c.entity_id.in_(select_settled(oldest)))
    )
    return await session.scalar(query) or 0
