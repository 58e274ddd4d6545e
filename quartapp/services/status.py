"""How public sites do and did: few statements, however many sites there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from quartapp.models import Check, Entity, Maintenance, State, daily, glance, hourly
from quartapp.models.glance import DAYS, UNKNOWN
from quartapp.models.group import site_group_entity
from quartapp.models.rollup import DAY, HOUR, LATE, start_day, start_hour
from quartapp.models.status import Announcement, Part
from quartapp.models.uptime import Span
from quartapp.services.glance import list_days, read_days
from quartapp.services.maintenance import is_left
from quartapp.services.usability import select_usability

STRANGER = None  # whoever looks sees what a stranger sees, so that people see what they publish
AHEAD = 14 * DAY  # of maintenance that is announced
WINDOWS, ANNOUNCEMENTS = 500, 20  # that are read, that are shown
Known = dict[int, tuple[float, float]]  # s up and down, by the ids of sites


@dataclass(frozen=True, slots=True)
class Uptimes:
    """Shares of the known time in 0 … 1, by whole hours; None: nobody looked."""

    last_24_hours: float | None
    last_30_days: float | None
    last_90_days: float | None


def match_part(part: Part) -> ColumnElement[bool]:
    """The condition that a site is on a page."""
    is_shown = and_(Entity.is_public)
    if part.group_id is not None:
        of_group = site_group_entity.c.group_id == part.group_id
        ids = select(site_group_entity.c.entity_id).where(of_group)
        return and_(is_shown, Entity.id.in_(ids))
    if part.entity_id is not None:
        return and_(is_shown, Entity.id == part.entity_id)
    return is_shown


def select_shown(part: Part) -> Select[Check]:
    """Where the sites of a page stand, by name; entities and open outages loaded."""
    return select_usability(seen_by=STRANGER).where(match_part(part))


async def count_shown(session: AsyncSession, part: Part) -> dict[State, int]:
    """Return how many sites of a page stand where."""
    query = select(Check.state, func.count()).join(Check.entity).where(match_part(part))
    rows = await session.execute(query.group_by(Check.state))
    return {State(state): count for state, count in rows}


async def list_announcements(
    session: AsyncSession, part: Part, now: datetime
) -> list[Announcement]:
    """Return the windows of a page's sites that are open or come soon, the first ones first."""
    is_of_part = or_(Maintenance.entity_id.is_(None), match_part(part))
    is_soon = or_(Maintenance.starts_at.is_(None), Maintenance.starts_at <= now + AHEAD)
    query = select(Maintenance).outerjoin(Maintenance.entity).where(is_of_part, is_left(now))
    query = query.where(is_soon).options(contains_eager(Maintenance.entity))
    query = query.order_by(Maintenance.id.desc()).limit(WINDOWS)
    found = [announce(window, now) for window in await session.scalars(query)]
    near = [one for one in found if one and one.span.start <= now + AHEAD]
    return sorted(near, key=lambda one: one.span.start)[:ANNOUNCEMENTS]


def announce(window: Maintenance, now: datetime) -> Announcement | None:
    is_open = window.find_open(now)
    span = is_open or window.find_next(now)
    return Announcement(window.title, span, bool(is_open), window.entity) if span else None


async def load_bars(session: AsyncSession, ids: Collection[int], now: datetime) -> dict[int, str]:
    """Return a letter for each of the last days of sites, today at the end."""
    today = start_day(now)
    query = select(Check.entity_id, *list_days(Check.entity_id, today))
    query = query.outerjoin(glance, glance.c.entity_id == Check.entity_id)
    rows = await session.execute(query.where(Check.entity_id.in_(ids)))
    known = {row.entity_id: read_days(row, today) for row in rows}
    return {id: known.get(id, UNKNOWN * DAYS) for id in ids}


async def measure_uptimes(
    session: AsyncSession, ids: Collection[int], now: datetime
) -> dict[int, Uptimes]:
    today = start_day(now - HOUR - LATE)  # days before are rolled up
    hours = await load_known(session, hourly, ids, Span(start_hour(now - DAY), now))
    fresh = await load_known(session, hourly, ids, Span(today, now))
    month = await load_known(session, daily, ids, Span(start_day(now - 30 * DAY), today))
    quarter = await load_known(session, daily, ids, Span(start_day(now - 90 * DAY), today))
    return {
        id: Uptimes(share(id, hours), share(id, month, fresh), share(id, quarter, fresh))
        for id in ids
    }


async def load_known(
    session: AsyncSession, table: Table, ids: Collection[int], span: Span
) -> Known:
    columns = table.c.entity_id, func.sum(table.c.up), func.sum(table.c.down)
    query = select(*columns).where(table.c.entity_id.in_(ids)).group_by(table.c.entity_id)
    query = query.where(table.c.start_at >= span.start, table.c.start_at < span.end)
    return {id: (up, down) for id, up, down in await session.execute(query)}


def share(id: int, *parts: Known) -> float | None:
    """Return the share of the known time in which a site was up."""
    found = [part[id] for part in parts if id in part]
    known = sum(up + down for up, down in found)
    return sum(up for up, _ in found) / known if known else None
