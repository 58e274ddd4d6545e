"""Groups of sites, on every database."""

from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Entity, SiteGroup, User
from quartapp.models.audit import AuditEvent
from quartapp.models.status import Part
from quartapp.services import group as service
from quartapp.services.entity import get_entity, remove_entity
from quartapp.services.group import (
    add_group,
    edit_group,
    get_group,
    get_public_group,
    remove_group,
)
from quartapp.services.status import select_shown
from tests.helpers import add_person


async def add(by: User, *entities: Entity, **given: Any) -> SiteGroup:
    fields = {"name": "Shops", "is_public": True, **given}
    async with db.begin() as session:
        return await add_group(session, by, entity_ids=[one.id for one in entities], **fields)


async def load(group: SiteGroup) -> SiteGroup:
    async with db.read() as session:
        return await get_group(session, group.id)


async def test_group_has_its_sites_by_name(app: Quart, entities: list[Entity], boss: User) -> None:
    async with app.app_context():
        group = await add(boss, *reversed(entities))
        assert [one.name for one in (await load(group)).entities] == ["Site 1", "Site 2"]
        async with db.begin() as session:
            found = await get_group(session, group.id)
            await edit_group(session, found, boss, entity_ids=[entities[1].id], name="Others")
            assert (found.name, found.slug, found.entity_ids) == (
                "Others",
                "shops",
                [entities[1].id],
            )
        assert (await load(group)).entity_ids == [entities[1].id]


async def test_removed_site_is_in_no_group(app: Quart, entities: list[Entity], boss: User) -> None:
    async with app.app_context():
        group = await add(boss, *entities)
        async with db.begin() as session:
            await remove_entity(
                session, await get_entity(session, entities[0].id, seen_by=boss), boss
            )
        assert (await load(group)).entity_ids == [entities[1].id]


async def test_removed_group_leaves_its_sites(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    async with app.app_context():
        group = await add(boss, *entities)
        async with db.begin() as session:
            await remove_group(session, await get_group(session, group.id), boss)
        with pytest.raises(NotFoundError):
            await load(group)
        async with db.read() as session:
            assert len(list(await session.scalars(select(Entity)))) == 2
            query = select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.id)
            actions = await session.execute(query.where(AuditEvent.action.startswith("group")))
            assert [(*row,) for row in actions] == [
                ("group-added", "Shops"),
                ("group-removed", "Shops"),
            ]


async def test_page_of_a_group_has_its_public_sites(
    app: Quart, entities: list[Entity], boss: User
) -> None:
    entities[0].is_public = True
    async with app.app_context():
        async with db.begin() as session:
            await session.merge(entities[0])
        groups = [await add(boss, *entities), await add(boss, entities[1], name="Secret")]
        async with db.read() as session:
            for group, names in zip(groups, (["Site 1"], []), strict=True):
                rows = await session.scalars(select_shown(Part(group_id=group.id)))
                assert [check.entity.name for check in rows] == names


@pytest.mark.parametrize("is_public", [True, False])
async def test_strangers_find_public_groups(app: Quart, boss: User, is_public: bool) -> None:
    async with app.app_context():
        await add(boss, is_public=is_public)
        async with db.read() as session:
            if is_public:
                assert (await get_public_group(session, "shops")).name == "Shops"
                return
            with pytest.raises(NotFoundError):
                await get_public_group(session, "shops")


async def test_groups_of_like_names_have_other_addresses(app: Quart, boss: User) -> None:
    async with app.app_context():
        slugs = [(await add(boss, name=name)).slug for name in ("Shops", "shops!", "Шопы", "…")]
    assert slugs == ["shops", "shops-2", "shopy", "site"]


async def test_wrong_group_is_refused(
    app: Quart, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            editor = await add_person(session, "editor")
        await add(boss)
        with pytest.raises(ForbiddenError, match="Only administrators"):
            await add(editor, name="Others")
        with pytest.raises(ConflictError, match="'Shops' is taken"):
            await add(boss)
        with pytest.raises(InvalidError, match="There is no site 7"):
            await add(boss, Entity(id=7), name="Others")
        with pytest.raises(InvalidError, match="no more than 500 sites"):
            await add(boss, *[Entity(id=id) for id in range(1, 502)], name="Others")
        monkeypatch.setattr(service, "MAX_GROUPS", 1)
        with pytest.raises(ConflictError, match="no more than 1 groups"):
            await add(boss, name="Others")
