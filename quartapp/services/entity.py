"""Watched sites."""

from collections.abc import Collection
from typing import Any

from slugify import slugify
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ConflictError, NotFoundError
from quartapp.models import Action, Entity, User, utcnow
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.rights import may_see_entity
from quartapp.services.audit import record_event
from quartapp.services.check import follow_move, make_check
from quartapp.services.rights import refuse_stranger, refuse_viewer

RESERVED_SLUGS = {"new"}  # /entities/new is a page of its own
COUNTER_LENGTH = 12  # characters kept free in a slug for "-2", "-3", …


def select_entities(search: str = "", *, seen_by: User | None) -> Select[Entity]:
    """What *seen_by* may see, by name, owners loaded; the caller chooses the page."""
    query = select(Entity).options(joinedload(Entity.owner)).order_by(Entity.name, Entity.id)
    if seen_by is None:
        query = query.where(Entity.is_public)
    if not search:
        return query
    found = or_(
        Entity.name.icontains(search, autoescape=True),
        Entity.url.icontains(search, autoescape=True),
    )
    return query.where(found)


async def get_entity(session: AsyncSession, entity_id: int, *, seen_by: User | None) -> Entity:
    """Return one entity, its owner loaded; NotFoundError also when *seen_by* may not see it."""
    return await get_one(session, Entity.id == entity_id, entity_id, seen_by)


async def get_entity_by_slug(session: AsyncSession, slug: str, *, seen_by: User | None) -> Entity:
    """Return one entity, its owner loaded; NotFoundError also when *seen_by* may not see it."""
    return await get_one(session, Entity.slug == slug, slug, seen_by)


async def get_one(
    session: AsyncSession, condition: Any, key: int | str, seen_by: User | None
) -> Entity:
    query = select(Entity).options(joinedload(Entity.owner)).where(condition)
    entity = await session.scalar(query)
    if entity is None or not may_see_entity(seen_by, entity):
        raise NotFoundError(f"There is no entity {key!r}.")
    return entity


async def find_entities(session: AsyncSession, names: Collection[str]) -> list[Entity]:
    """Return those of these names or slugs, all of them if none is given; NotFoundError for any."""
    query = select(Entity).order_by(Entity.name, Entity.id)
    if names:
        query = query.where(or_(Entity.slug.in_(names), Entity.name.in_(names)))
    found = list(await session.scalars(query))
    missing = {*names} - {entity.slug for entity in found} - {entity.name for entity in found}
    if missing:
        raise NotFoundError(f"There is no entity {min(missing)!r}.")
    return found


async def add_entity(
    session: AsyncSession,
    *,
    name: str,
    url: str,
    content: str = "",
    is_public: bool = False,
    owner: User | None,
) -> Entity:
    if owner is not None:
        refuse_viewer(owner)
    await refuse_taken_name(session, name)
    slug = await find_free_slug(session, name)
    entity = Entity(
        name=name, slug=slug, url=url, content=content, is_public=is_public, owner=owner
    )
    session.add(entity)
    await session.flush()
    session.add(make_check(entity, utcnow()))
    await session.flush()
    return entity


async def edit_entity(session: AsyncSession, entity: Entity, by: User, **changes: Any) -> Entity:
    """Change what is named in *changes*; the slug stays, so that links go on working."""
    refuse_stranger(entity, by)
    if changes.get("name", entity.name) != entity.name:
        await refuse_taken_name(session, changes["name"])
    has_moved = changes.get("url", entity.url) != entity.url
    for field, value in changes.items():
        setattr(entity, field, value)
    if has_moved:
        await follow_move(session, entity, utcnow())
    await session.flush()
    return entity


async def remove_entity(session: AsyncSession, entity: Entity, by: User) -> None:
    """Remove *entity* and what was said about it."""
    refuse_stranger(entity, by)
    await session.delete(entity)
    await record_event(session, Action.ENTITY_REMOVED, by=by, on=entity)


async def refuse_taken_name(session: AsyncSession, name: str) -> None:
    if await session.scalar(select(Entity.id).where(Entity.name == name)):
        raise ConflictError(f"The name {name!r} is taken.", "name")


async def find_free_slug(session: AsyncSession, name: str) -> str:
    """Return a slug for *name* that no other entity has: `my-site`, then `my-site-2`."""
    base = slugify(name, max_length=NAME_LENGTH - COUNTER_LENGTH) or "site"
    taken = set(await session.scalars(select(Entity.slug).where(Entity.slug.startswith(base))))
    taken |= RESERVED_SLUGS
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
