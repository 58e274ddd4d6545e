"""Watched sites as rows, for answers that need no objects: less than half of what those cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import NotFoundError
from quartapp.models import Check, Entity, State, User
from quartapp.models.rights import may_see_entity
from quartapp.services.batch import pad
from quartapp.services.entity import match_site
from quartapp.texts import Text

EntityRow = Row[*tuple[Any, ...]]

ALL = select(
    Entity.id,
    Entity.name,
    Entity.slug,
    Entity.url,
    Entity.content,
    Entity.is_public,
    User.id.label("owner_id"),
    User.name.label("owner_name"),
    Entity.created_at,
    Entity.updated_at,
).outerjoin(Entity.owner)
BY_ID = ALL.where(Entity.id.in_(bindparam("ids", expanding=True)))
AFTER = ALL.where(Entity.id > bindparam("after")).order_by(Entity.id).limit(bindparam("most"))

LINES = select(Entity.id, Entity.slug, Entity.name, Entity.url, Check.state)
SITES = (
    LINES.add_columns(User.name.label("owner_name"))
    .outerjoin(Check, Check.entity_id == Entity.id)
    .outerjoin(Entity.owner)
    .order_by(Entity.name, Entity.id)
    .limit(bindparam("most"))
    .offset(bindparam("passed"))
)
COUNT = select(func.count(Entity.id))
COUNT_BY_STATE = COUNT.outerjoin(Check, Check.entity_id == Entity.id)


async def load_entity_rows(session: AsyncSession, ids: list[int]) -> Mapping[int, EntityRow]:
    """Return the entities of these ids."""
    # Not the session itself, here and below: it looks for objects in each row.
    connection = await session.connection()
    return {row.id: row for row in await connection.execute(BY_ID, {"ids": pad(ids)})}


def require_seen(row: EntityRow | None, entity_id: int, *, seen_by: User | None) -> EntityRow:
    """Return the row; NotFoundError also when *seen_by* may not see it."""
    if row is None or not may_see_entity(seen_by, row):
        raise NotFoundError(Text("There is no entity %(key)s.", key=repr(entity_id)))
    return row


async def load_entity_slices(
    session: AsyncSession, wanted: list[tuple[int, int]]
) -> Mapping[tuple[int, int], Sequence[EntityRow]]:
    """Return, for each id and number, at most so many of all entities that follow the id."""
    connection = await session.connection()
    return {
        (after, most): (await connection.execute(AFTER, {"after": after, "most": most})).all()
        for after, most in wanted
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sites of a list: those with this in the name or address, that stand so."""

    search: str = ""
    states: tuple[State, ...] = ()


async def count_sites(session: AsyncSession, wanted: list[Wanted]) -> Mapping[Wanted, int]:
    """Return how many sites each list has."""
    counts = {}
    for one in wanted:
        counts[one] = (
            await session.scalar(filter_sites(COUNT_BY_STATE if one.states else COUNT, one)) or 0
        )
    return counts


async def load_site_pages(
    session: AsyncSession, wanted: list[tuple[Wanted, int, int]]
) -> Mapping[tuple[Wanted, int, int], Sequence[EntityRow]]:
    """Return pages of lists by name, each by the list, its number from 1, and its size."""
    pages, connection = {}, await session.connection()
    for one, number, size in wanted:
        query = filter_sites(SITES, one)
        values = {"most": size, "passed": (number - 1) * size}
        pages[one, number, size] = (await connection.execute(query, values)).all()
    return pages


def filter_sites(query: Select[*tuple[Any, ...]], wanted: Wanted) -> Select[*tuple[Any, ...]]:
    if wanted.states:
        query = query.where(Check.state.in_(wanted.states))
    return query.where(match_site(wanted.search)) if wanted.search else query
