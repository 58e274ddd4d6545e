"""All sites at a glance, by as many statements for three as for a thousand."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Bug, Check, Entity, Outage, State, Tamper, User, daily, hourly
from quartapp.models.dashboard import (
    DAYS,
    HOURS,
    SHAKY_SHARE,
    WORST_FIRST,
    Dashboard,
    Day,
    Glance,
)
from quartapp.models.rollup import DAY, HOUR, start_day, start_hour
from quartapp.models.tally import ACTIVE
from quartapp.models.tamper import TamperState
from quartapp.models.uptime import Span
from quartapp.models.usability import DOUBTFUL

MOST = 1_000  # sites that are shown
YOUTH = timedelta(minutes=5)  # within which the first look at a site is waited for
RANKS = {state: rank for rank, state in enumerate(WORST_FIRST)}
STATE: ColumnElement[str] = func.coalesce(Check.state, State.NEW)  # a worker adopts it soon
IS_KNOWN = daily.c.up + daily.c.down + daily.c.maintenance > 0
KIND = case(
    (and_(daily.c.down == 0, daily.c.up > 0), Day.UP),
    (daily.c.down == 0, Day.HELD),
    (daily.c.down < (daily.c.up + daily.c.down) * SHAKY_SHARE, Day.SHAKY),
    else_=Day.DOWN,
)


async def load_dashboard(
    session: AsyncSession, *, seen_by: User | None, now: datetime, limit: int = MOST
) -> Dashboard:
    """Return where all sites stand that *seen_by* may see; of *limit* of them also how they did."""
    today = start_day(now)
    rows = (await session.execute(select_worst(today, seen_by).limit(limit))).all()
    ids = [row.id for row in rows]
    days = await load_days(session, ids, Span(today - (DAYS - 1) * DAY, today))
    means = await load_means(session, ids, start_hour(now) - (HOURS - 1) * HOUR)
    return Dashboard(
        await count_states(session, seen_by),
        [
            make_glance(row, now, [*days[row.id], find_today(row, today)], means[row.id])
            for row in rows
        ],
    )


def select_worst(today: datetime, seen_by: User | None) -> Select[*tuple[Any, ...]]:
    bugs = count_by_site(Bug.entity_id, Bug.state.in_(ACTIVE))
    changes = count_by_site(Tamper.entity_id, Tamper.state == TamperState.OPEN)
    lasts = or_(Outage.ended_at.is_(None), Outage.ended_at >= today)
    query = (
        select(
            Entity.id,
            Entity.name,
            Entity.slug,
            Entity.created_at,
            STATE.label("state"),
            Check.looked_at,
            func.coalesce(bugs.c.count, 0).label("bugs"),
            func.coalesce(changes.c.count, 0).label("changes"),
            select(Outage.id).where(Outage.entity_id == Entity.id, lasts).exists().label("was_out"),
        )
        .outerjoin(Check, Check.entity_id == Entity.id)
        .outerjoin(bugs, bugs.c.entity_id == Entity.id)
        .outerjoin(changes, changes.c.entity_id == Entity.id)
        .order_by(case(RANKS, value=STATE), Entity.name, Entity.id)
    )
    return query if seen_by else query.where(Entity.is_public)


def count_by_site(entity_id: Any, is_counted: ColumnElement[bool]) -> Subquery:
    query = select(entity_id.label("entity_id"), func.count().label("count"))
    return query.where(is_counted).group_by(entity_id).subquery()


async def count_states(session: AsyncSession, seen_by: User | None) -> dict[State, int]:
    """Return how many sites stand where, the worst first; where none does, nothing."""
    sites = select(STATE.label("state")).select_from(Entity)
    sites = sites.outerjoin(Check, Check.entity_id == Entity.id)
    states = (sites if seen_by else sites.where(Entity.is_public)).subquery()
    query = select(states.c.state, func.count()).group_by(states.c.state)
    counts = {State(state): count for state, count in await session.execute(query)}
    return {state: counts[state] for state in WORST_FIRST if state in counts}


async def load_days(
    session: AsyncSession, ids: Collection[int], span: Span
) -> dict[int, list[Day | None]]:
    """Return how the days of sites were; None: nobody knows.

    Most days are good: they are counted, and listed only where some are missing between them.
    """
    length = (span.end - span.start) // DAY
    while_ = daily.c.start_at >= span.start, daily.c.start_at < span.end
    wanted = daily.c.entity_id.in_(ids), *while_, IS_KNOWN
    known = select(daily.c.entity_id, func.min(daily.c.start_at), func.count())
    known = known.where(*wanted).group_by(daily.c.entity_id)
    days: dict[int, list[Day | None]] = {id: [None] * length for id in ids}
    broken = []
    for id, since, count in await session.execute(known):
        if (span.end - since) // DAY == count:
            days[id][length - count :] = [Day.UP] * count
        else:
            broken.append(id)
    is_told = or_(daily.c.entity_id.in_(broken), daily.c.down > 0, daily.c.up == 0)
    for at, kind, texts in await session.execute(select_kinds(*wanted, is_told)):
        number, day = (at - span.start) // DAY, Day(kind)
        for id in map(int, texts.split(",")):
            days[id][number] = day
    return days


def select_kinds(*wanted: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """A row for each day and kind with all its sites, as one for each of them would take long."""
    found = select(daily.c.start_at, daily.c.entity_id, KIND.label("kind")).where(*wanted)
    days = found.subquery().c
    sites = func.aggregate_strings(cast(days.entity_id, String(20)), ",")
    return select(days.start_at, days.kind, sites).group_by(days.start_at, days.kind)


async def load_means(
    session: AsyncSession, ids: Collection[int], first: datetime
) -> dict[int, list[int | None]]:
    """Return how many ms the answers of sites took on average in each hour; None: none came."""
    table = hourly.c
    mean = cast(func.round(table.latency_total * 1000 / table.ok), Integer)
    pair = cast(table.entity_id, String(20)) + ":" + cast(mean, String(20))
    while_ = table.start_at >= first, table.start_at < first + HOURS * HOUR
    wanted = table.entity_id.in_(ids), *while_, table.ok > 0
    found = select(table.start_at, pair.label("pair")).where(*wanted).subquery().c
    pairs = func.aggregate_strings(found.pair, ",")
    means: dict[int, list[int | None]] = {id: [None] * HOURS for id in ids}
    query = select(found.start_at, pairs).group_by(found.start_at)
    for at, texts in await session.execute(query):
        number = (at - first) // HOUR
        for text in texts.split(","):
            id, _, ms = text.partition(":")
            means[int(id)][number] = int(ms)
    return means


def find_today(row: Row[Any], today: datetime) -> Day | None:
    """Return how today is so far, which nobody has rolled up yet."""
    if row.was_out:
        return Day.DOWN
    if row.state == State.MAINTENANCE:
        return Day.HELD
    return Day.UP if row.looked_at and row.looked_at >= today else None


def make_glance(
    row: Row[Any],
    now: datetime,
    days: Sequence[Day | None],
    latencies: Sequence[int | None],
) -> Glance:
    state, is_young = State(row.state), row.created_at > now - YOUTH
    return Glance(
        id=row.id,
        name=row.name,
        slug=row.slug,
        is_moving=state in DOUBTFUL or (state is State.NEW and is_young),
        state=state,
        bugs=row.bugs,
        changes=row.changes,
        days=days,
        latencies=latencies,
    )
