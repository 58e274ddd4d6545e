import pytest
from quart import Quart
from sqlalchemy.exc import SQLAlchemyError

from quartapp.database import is_retriable
from quartapp.errors import ConflictError, ForbiddenError, NotFoundError
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.comment import add_comment, edit_comment, remove_comment
from quartapp.services.entity import (
    add_entity,
    edit_entity,
    get_entity,
    get_entity_by_slug,
    remove_entity,
)
from tests.helpers import add_person

URL = "http://a.test/"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Site", "my-site"),
        ("Тест 测试 Ünï", "test-ce-shi-uni"),
        ("!!!", "site"),
        ("new", "new-2"),
        ("Import", "import-2"),
        ("a" * 120, "a" * 108),
    ],
)
async def test_slug_is_made_of_the_name(app: Quart, admin: User, name: str, slug: str) -> None:
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name=name, url=URL, owner=admin)
        assert entity.slug == slug
        assert await get_entity_by_slug(session, slug, seen_by=admin) is entity


async def test_names_that_differ_in_case_are_two(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        slugs = [
            (await add_entity(session, name=name, url=URL, owner=admin)).slug
            for name in ("site", "Site", "SITE")
        ]
        assert slugs == ["site", "site-2", "site-3"]


async def test_taken_name_is_a_conflict(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        await add_entity(session, name="a", url=URL, owner=admin)
        with pytest.raises(ConflictError, match="The name 'a' is taken") as caught:
            await add_entity(session, name="a", url=URL, owner=admin)
        assert caught.value.field == "name"


async def test_missing_entity_is_not_found(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(NotFoundError, match="There is no entity 7"):
            await get_entity(session, 7, seen_by=User())


async def test_owner_and_administrator_may_change_it_and_nobody_else(
    app: Quart, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        owner = await add_person(session, "owner")
        other = await add_person(session, "other")
        entity = await add_entity(session, name="a", url=URL, owner=owner)
        for person in (owner, admin):
            await edit_entity(session, entity, person, content=f"by {person}")
            assert entity.content == f"by {person}"
        with pytest.raises(ForbiddenError):
            await edit_entity(session, entity, other, content="x")
        with pytest.raises(ForbiddenError):
            await remove_entity(session, entity, other)


async def test_author_and_administrator_may_change_a_comment_and_nobody_else(
    app: Quart, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        author = await add_person(session, "author")
        other = await add_person(session, "other")
        entity = await add_entity(session, name="a", url=URL, owner=other)
        comment = await add_comment(session, entity, "x", author)
        for person in (author, admin):
            await edit_comment(session, comment, person, body=f"by {person}")
            assert comment.body == f"by {person}"
        with pytest.raises(ForbiddenError):
            await edit_comment(session, comment, other, body="x")
        with pytest.raises(ForbiddenError):
            await remove_comment(session, comment, other)
        await remove_comment(session, comment, author)


async def test_what_a_removed_user_wrote_stays(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            gone = await add_person(session, "gone")
            entity = await add_entity(session, name="a", url=URL, owner=gone)
            comment = await add_comment(session, entity, "x", gone)
        async with db.begin() as session:
            await session.delete(await session.merge(gone))
        async with db.begin() as session:
            await session.refresh(await session.merge(entity))
            found = await get_entity(session, entity.id, seen_by=User())
            assert (found.owner, found.owner_id) == (None, None)
            again = await session.get_one(type(comment), comment.id)
            assert (again.body, again.author_id) == ("x", None)


async def test_change_of_what_somebody_else_has_changed_is_a_race(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            entity = await add_entity(session, name="a", url=URL, owner=admin)
        async with db.read() as late:
            read = await get_entity(late, entity.id, seen_by=admin)
            async with db.begin() as session:
                await edit_entity(session, await session.merge(entity), admin, content="first")
            with pytest.raises(SQLAlchemyError) as caught:
                await edit_entity(late, read, admin, content="second")
            await late.rollback()
        assert is_retriable(caught.value)
