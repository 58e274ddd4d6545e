"""Groups of sites: what strangers are shown together."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from quartapp.errors import ConflictError, ForbiddenError, NotFoundError
from quartapp.models import Action, SiteGroup, User
from quartapp.models.group import MAX_GROUPS
from quartapp.models.rights import may_edit_groups
from quartapp.services.audit import record_event
from quartapp.services.entity import get_chosen, make_base, take_slug
from quartapp.texts import Text


def select_groups() -> Select[SiteGroup]:
    """The groups by name, their sites loaded."""
    query = select(SiteGroup).options(selectinload(SiteGroup.entities))
    return query.order_by(SiteGroup.name, SiteGroup.id)


async def get_group(session: AsyncSession, group_id: int) -> SiteGroup:
    group = await session.scalar(select_groups().where(SiteGroup.id == group_id))
    if group is None:
        raise NotFoundError(Text("There is no group %(id)s.", id=group_id))
    return group


async def get_public_group(session: AsyncSession, slug: str) -> SiteGroup:
    """Return one that strangers may see, without its sites."""
    group = await session.scalar(select_public_groups().where(SiteGroup.slug == slug))
    if group is None:
        raise NotFoundError(Text("There is no group %(slug)s.", slug=slug))
    return group


def select_public_groups() -> Select[SiteGroup]:
    return select(SiteGroup).where(SiteGroup.is_public).order_by(SiteGroup.name, SiteGroup.id)


async def add_group(
    session: AsyncSession, by: User, *, entity_ids: list[int], **fields: Any
) -> SiteGroup:
    refuse_other(by)
    return await insert_group(session, by, entity_ids=entity_ids, **fields)


async def insert_group(
    session: AsyncSession, by: User | None, *, entity_ids: Collection[int], **fields: Any
) -> SiteGroup:
    await refuse_too_many(session)
    await refuse_taken_name(session, fields["name"])
    slug = await find_free_slug(session, fields["name"])
    group = SiteGroup(slug=slug, entities=await get_chosen(session, entity_ids), **fields)
    session.add(group)
    await session.flush()
    await record_event(session, Action.GROUP_ADDED, by=by, detail=group.name)
    return group


async def edit_group(
    session: AsyncSession, group: SiteGroup, by: User, **changes: Any
) -> SiteGroup:
    """Change what is named in *changes*; the slug stays, so that links go on working."""
    refuse_other(by)
    if changes.get("name", group.name) != group.name:
        await refuse_taken_name(session, changes["name"])
    if "entity_ids" in changes:
        changes["entities"] = await get_chosen(session, changes.pop("entity_ids"))
    for field, value in changes.items():
        setattr(group, field, value)
    await session.flush()
    await session.refresh(group, ["entities"])  # by name
    await record_event(session, Action.GROUP_CHANGED, by=by, detail=group.name)
    return group


async def put_into_group(
    session: AsyncSession, name: str, entity_ids: Collection[int], by: User | None
) -> None:
    """Add sites to the group of this name, which is made if it is not there."""
    group = await session.scalar(select_groups().where(SiteGroup.name == name))
    if group is None:
        await insert_group(session, by, entity_ids=entity_ids, name=name)
        return
    group.entities = await get_chosen(session, {*group.entity_ids, *entity_ids})
    await session.flush()
    await record_event(session, Action.GROUP_CHANGED, by=by, detail=group.name)


async def remove_group(session: AsyncSession, group: SiteGroup, by: User) -> None:
    """Remove the group; its sites stay."""
    refuse_other(by)
    await session.delete(group)
    await record_event(session, Action.GROUP_REMOVED, by=by, detail=group.name)


def refuse_other(user: User) -> None:
    if not may_edit_groups(user):
        raise ForbiddenError(Text("Only administrators may change groups."))


async def refuse_too_many(session: AsyncSession) -> None:
    if (await session.scalar(select(func.count(SiteGroup.id))) or 0) >= MAX_GROUPS:
        raise ConflictError(Text("There may be no more than %(count)s groups.", count=MAX_GROUPS))


async def refuse_taken_name(session: AsyncSession, name: str) -> None:
    if await session.scalar(select(SiteGroup.id).where(SiteGroup.name == name)):
        raise ConflictError(Text("The name %(name)s is taken.", name=repr(name)), "name")


async def find_free_slug(session: AsyncSession, name: str) -> str:
    base = make_base(name)
    taken = select(SiteGroup.slug).where(SiteGroup.slug.startswith(base, autoescape=True))
    return take_slug(base, set(await session.scalars(taken)))
