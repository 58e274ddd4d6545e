"""Watched sites."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn, cast

from slugify import slugify
from sqlalchemy import ColumnElement, Select, Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from quartapp.errors import ConflictError, FieldError, InvalidError, NotFoundError
from quartapp.models import Action, Check, Entity, State, User, utcnow
from quartapp.models.entity import MAX_CHOSEN, NAME_LENGTH
from quartapp.models.rights import may_see_entity
from quartapp.services.audit import record_event
from quartapp.services.check import follow_move, make_check_row
from quartapp.services.rights import refuse_stranger, refuse_viewer
from quartapp.services.upsert import add, add_if_free
from quartapp.texts import Text

# /entities/new, /entities/import, /status/embed are pages of their own.
RESERVED_SLUGS = {"new", "import", "embed", "groups"}
BASES = 50  # of slugs, in one statement
TABLE = cast(Table, Entity.__table__)
ADD_CHECK = insert(cast(Table, Check.__table__))  # built once: that costs more than to run it
COUNTER_LENGTH = 12  # characters kept free in a slug for "-2", "-3", …


def select_entities(
    search: str = "", states: Collection[State] = (), *, seen_by: User | None
) -> Select[Entity]:
    """What *seen_by* may see, by name, owners loaded; the caller chooses the page."""
    query = select(Entity).options(joinedload(Entity.owner)).order_by(Entity.name, Entity.id)
    if seen_by is None:
        query = query.where(Entity.is_public)
    if states:
        query = query.join(Check, Check.entity_id == Entity.id).where(Check.state.in_(states))
    return query.where(match_site(search)) if search else query


def match_site(search: str) -> ColumnElement[bool]:
    """The condition that the name or address of a site has this part."""
    columns = (Entity.name, Entity.url)
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


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
        raise NotFoundError(Text("There is no entity %(key)s.", key=repr(key)))
    return entity


async def find_entities(session: AsyncSession, names: Collection[str]) -> list[Entity]:
    """Return those of these names or slugs, all of them if none is given; NotFoundError for any."""
    query = select(Entity).order_by(Entity.name, Entity.id)
    if names:
        query = query.where(or_(Entity.slug.in_(names), Entity.name.in_(names)))
    found = list(await session.scalars(query))
    missing = {*names} - {entity.slug for entity in found} - {entity.name for entity in found}
    if missing:
        raise NotFoundError(Text("There is no entity %(key)s.", key=repr(min(missing))))
    return found


async def get_chosen(session: AsyncSession, ids: Collection[int]) -> list[Entity]:
    """Return the sites of these ids by name; InvalidError where one of them is not there."""
    if len(ids) > MAX_CHOSEN:
        text = Text("Choose no more than %(count)s sites.", count=MAX_CHOSEN)
        raise InvalidError.of_field("entity_ids", text)
    query = select(Entity).where(Entity.id.in_(ids)).order_by(Entity.name, Entity.id)
    found = list(await session.scalars(query))
    if missing := {*ids} - {entity.id for entity in found}:
        text = Text("There is no site %(id)s.", id=min(missing))
        raise InvalidError.of_field("entity_ids", text)
    return found


async def load_names(session: AsyncSession) -> dict[int, str]:
    """Return the names of all sites by their ids, in order."""
    query = select(Entity.id, Entity.name).order_by(Entity.name, Entity.id)
    return {row.id: row.name for row in await session.execute(query)}


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
    now = utcnow()
    row = {"name": name, "url": url, "content": content, "is_public": is_public}
    row |= {"owner_id": owner.id if owner else None, "created_at": now, "updated_at": now}
    entity = await insert_entity(session, row)
    set_committed_value(entity, "owner", owner)
    await session.execute(ADD_CHECK, make_check_row(entity, now))
    return entity


async def insert_entity(session: AsyncSession, row: dict[str, Any]) -> Entity:
    """Insert a row with a slug of its own; its object costs half of what a flush does."""
    values = {**row, "slug": make_base(row["name"])}
    key = None
    if values["slug"] not in RESERVED_SLUGS:
        key = await add_if_free(session, TABLE, values)  # mostly all there is to do
    if key is None:
        await refuse_taken_name(session, row["name"])
        (values["slug"],) = await find_free_slugs(session, [row["name"]])
        key = await add(session, TABLE, values)
    entity = Entity(id=key, **values)
    make_transient_to_detached(entity)
    session.add(entity)
    return entity


async def add_entities(
    session: AsyncSession,
    sites: Sequence[Mapping[str, Any]],
    owner: User | None,
    settings: Sequence[Mapping[str, Any]] = (),
) -> list[Entity]:
    """Add many at once, or none: few statements, however many they are.

    *settings* say of each how it is looked at, where that is not as of any new site.
    """
    if owner is not None:
        refuse_viewer(owner)
    owner_id = None if owner is None else owner.id
    names = [site["name"] for site in sites]
    await refuse_taken_names(session, names)
    slugs = await find_free_slugs(session, names)
    pairs = zip(sites, slugs, strict=True)
    rows = [{**site, "slug": slug, "owner_id": owner_id} for site, slug in pairs]
    await session.execute(insert(Entity), rows)
    query = select(Entity).options(joinedload(Entity.owner)).where(Entity.slug.in_(slugs))
    found = {entity.slug: entity for entity in await session.scalars(query)}
    added = [found[slug] for slug in slugs]
    now = utcnow()
    ways = settings or [{}] * len(added)
    rows = [make_check_row(one, now, **way) for one, way in zip(added, ways, strict=True)]
    await session.execute(insert(Check), rows)
    return added


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
        refuse_name(name)


def refuse_name(name: str) -> NoReturn:
    raise ConflictError(Text("The name %(name)s is taken.", name=repr(name)), "name")


async def refuse_taken_names(session: AsyncSession, names: Sequence[str]) -> None:
    """Refuse names that others have, and those that come twice; the error says which."""
    seen = set(await session.scalars(select(Entity.name).where(Entity.name.in_(names))))
    faults = []
    for number, name in enumerate(names):
        if name in seen:
            text = Text("The name %(name)s is taken.", name=repr(name))
            faults.append(FieldError(("items", number, "name"), text, "conflict"))
        seen.add(name)
    if faults:
        said = (
            faults[0].msg
            if len(faults) == 1
            else Text("%(count)s names are taken.", count=len(faults))
        )
        raise ConflictError(said, errors=tuple(faults))


async def find_free_slugs(session: AsyncSession, names: Sequence[str]) -> list[str]:
    """Return slugs for *names* that no other entity has: `my-site`, then `my-site-2`."""
    bases = [make_base(name) for name in names]
    taken = set(await session.scalars(select(Entity.slug).where(Entity.slug.in_(bases))))
    taken |= RESERVED_SLUGS
    counted = {base for base, count in Counter(bases).items() if count > 1 or base in taken}
    taken |= await find_counted_slugs(session, sorted(counted)) | ({*bases} - counted)
    return [take_slug(base, taken) if base in counted else base for base in bases]


async def find_counted_slugs(session: AsyncSession, bases: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(bases), BASES):
        some = bases[start : start + BASES]
        begins = or_(*(Entity.slug.startswith(base) for base in some))
        found |= set(await session.scalars(select(Entity.slug).where(begins)))
    return found


def make_base(name: str) -> str:
    return slugify(name, max_length=NAME_LENGTH - COUNTER_LENGTH) or "site"


def take_slug(base: str, taken: set[str]) -> str:
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    taken.add(slug)
    return slug
