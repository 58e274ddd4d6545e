"""All sites at a glance, by as many statements for three as for a thousand."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Bug, Check, Entity, State, Tamper, User, glance
from quartapp.models.dashboard import WORST_FIRST, Dashboard, Glance
from quartapp.models.glance import HOURS, follow_means
from quartapp.models.rollup import start_day, start_hour
from quartapp.models.tally import ACTIVE
from quartapp.models.tamper import TamperState
from quartapp.models.usability import YOUTH, is_moving
from quartapp.services.glance import list_days, read_days

MOST = 1_000  # sites that are shown
NO_MEANS = (None,) * HOURS
RANKS = {state: rank for rank, state in enumerate(WORST_FIRST)}
STATE: ColumnElement[str] = func.coalesce(Check.state, State.NEW)  # a worker adopts it soon


async def load_dashboard(
    session: AsyncSession, *, seen_by: User | None, now: datetime, limit: int = MOST
) -> Dashboard:
    """Return where all sites stand that *seen_by* may see; of *limit* of them also how they did."""
    rows = await session.execute(select_worst(now, seen_by).limit(limit))
    glances = [make_glance(row, start_day(now), start_hour(now)) for row in rows]
    return Dashboard(await count_states(session, seen_by), glances)


def select_worst(now: datetime, seen_by: User | None) -> Select[*tuple[Any, ...]]:
    today = start_day(now)
    bugs = count_by_site(Bug.entity_id, Bug.state.in_(ACTIVE))
    changes = count_by_site(Tamper.entity_id, Tamper.state == TamperState.OPEN)
    query = (
        select(
            Entity.id,
            Entity.name,
            Entity.slug,
            (Entity.created_at > now - YOUTH).label("is_young"),
            STATE.label("standing"),
            func.coalesce(bugs.c.count, 0).label("bugs"),
            func.coalesce(changes.c.count, 0).label("changes"),
            *list_days(Entity.id, today),
            glance.c.means,
        )
        .outerjoin(Check, Check.entity_id == Entity.id)
        .outerjoin(glance, glance.c.entity_id == Entity.id)
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


def make_glance(row: Row[Any], today: datetime, hour: datetime) -> Glance:
    state = State(row.standing)
    return Glance(
        id=row.id,
        name=row.name,
        slug=row.slug,
        is_moving=is_moving(state, is_young=row.is_young),
        state=state,
        bugs=row.bugs,
        changes=row.changes,
        days=read_days(row, today),
        means=follow_means(row.means, row.at, hour) if row.at else NO_MEANS,
    )
