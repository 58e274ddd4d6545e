"""What holds in any database of this application at any moment, whatever happened to it."""

from typing import Any

from sqlalchemy import ForeignKey, Select, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quartapp.models import Base, Check, Entity, Event, EventKind, Outage
from quartapp.models.usability import State

OUT = {State.DOWN, State.RECOVERING}
WELL = {State.NEW, State.UP, State.SUSPECT}


async def find_broken(session: AsyncSession) -> dict[str, int]:
    """Return how many rows break each rule that does not hold."""
    counts = {
        rule: await session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for rule, query in {**point_to_somebody(), **tell_one_story()}.items()
    }
    return {rule: count for rule, count in counts.items() if count}


def point_to_somebody() -> dict[str, Select[Any]]:
    """A reference, in any table, is to a row that is there."""
    return {
        f"{key.parent} names a row of {key.column.table} that is not there": find_lost(key)
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
    }


def find_lost(key: ForeignKey) -> Select[Any]:
    there = key.column.table.alias("there")
    found = select(there.c[key.column.name]).where(there.c[key.column.name] == key.parent)
    return select(key.parent).where(key.parent.is_not(None), not_(found.exists()))


def tell_one_story() -> dict[str, Select[Any]]:
    """The looks at a site, its outages and what was told of them agree."""
    other = aliased(Outage)
    open_one = and_(Outage.id == Check.outage_id, Outage.entity_id == Check.entity_id)
    overlapping = and_(
        other.entity_id == Outage.entity_id,
        other.id > Outage.id,
        or_(Outage.ended_at.is_(None), Outage.ended_at > other.started_at),
    )
    return {
        "a site is not looked at": select(Entity.id).where(
            not_(select(Check.id).where(Check.entity_id == Entity.id).exists())
        ),
        "a site is out without an outage": select(Check.id).where(
            Check.state.in_(OUT), Check.outage_id.is_(None)
        ),
        "a site is well in an outage": select(Check.id).where(
            Check.state.in_(WELL), Check.outage_id.is_not(None)
        ),
        "a site is in an outage that has ended, or is another's": select(Check.id).where(
            Check.outage_id.is_not(None),
            not_(select(Outage.id).where(open_one, Outage.ended_at.is_(None)).exists()),
        ),
        "an outage is open, and its site is not out": select(Outage.id).where(
            Outage.ended_at.is_(None), not_(select(Check.id).where(open_one).exists())
        ),
        "an outage ends before it begins": select(Outage.id).where(
            Outage.ended_at < Outage.started_at
        ),
        "outages of a site overlap": select(Outage.id).where(
            select(other.id).where(overlapping).exists()
        ),
        "an outage was not told": find_untold(EventKind.DOWN),
        "the end of an outage was not told": find_untold(EventKind.UP).where(
            Outage.ended_at.is_not(None)
        ),
        "an outage was told twice": select(Event.subject_id, Event.kind)
        .where(Event.kind.in_([EventKind.DOWN, EventKind.UP]))
        .group_by(Event.subject_id, Event.kind)
        .having(func.count() > 1),
    }


def find_untold(kind: EventKind) -> Select[Any]:
    told = select(Event.id).where(Event.subject_id == Outage.id, Event.kind == kind)
    return select(Outage.id).where(not_(told.exists()))
