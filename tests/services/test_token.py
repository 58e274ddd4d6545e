from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.errors import ForbiddenError, NotFoundError
from quartapp.extensions import db
from quartapp.models import ApiToken, Scope, User, utcnow
from quartapp.services.paging import paginate
from quartapp.services.token import (
    add_token,
    find_ended_tokens,
    find_token,
    get_token,
    record_use,
    remove_token,
    select_tokens,
)
from tests.helpers import add_person

PAST = {"expires_at": utcnow() - timedelta(seconds=1)}


async def test_token_stands_for_its_user_until_it_expires(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, row = await add_token(session, admin, "laptop")
            assert (row.name, row.scope, row.hint) == ("laptop", Scope.WRITE, secret[:8])
            assert secret not in row.token_hash
        async with db.begin() as session:
            found = await find_token(session, secret)
            assert found is not None
            assert found.user.id == admin.id
            assert await find_token(session, secret[:-1]) is None
            assert await find_ended_tokens(session, [found.id]) == set()
            await session.execute(update(ApiToken).values(**PAST))
        async with db.begin() as session:
            assert await find_token(session, secret) is None
            assert await find_ended_tokens(session, [found.id]) == {found.id}


async def test_token_of_who_is_disabled_is_void(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, _ = await add_token(session, admin, "laptop")
            await session.execute(update(User).values(disabled_at=utcnow()))
        async with db.begin() as session:
            assert await find_token(session, secret) is None


async def test_scope_admin_is_for_administrators(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        with pytest.raises(ForbiddenError):
            await add_token(session, ann, "mine", scope=Scope.ADMIN)
        _, row = await add_token(session, admin, "mine", scope=Scope.ADMIN)
        assert [row.has_scope(scope) for scope in Scope] == [True, True, True]


async def test_use_is_written_down_once_a_minute(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, row = await add_token(session, admin, "laptop")
            assert (row.used_at, row.is_unnoted(utcnow())) == (None, True)
            await record_use(session, row)
        async with db.begin() as session:
            found = await find_token(session, secret)
            assert found is not None
            assert not found.is_unnoted(utcnow())
            assert found.is_unnoted(utcnow() + timedelta(minutes=1))


async def test_token_of_another_does_not_exist(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann, bob = await add_person(session, "ann"), await add_person(session, "bob")
        _, row = await add_token(session, ann, "hers")
        for attempt in (
            get_token(session, row.id, seen_by=bob),
            remove_token(session, row.id, bob),
            get_token(session, row.id, seen_by=admin),
            remove_token(session, row.id, admin),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        assert (await paginate(session, select_tokens(bob), 1, 20)).items == []
        assert (await paginate(session, select_tokens(ann), 1, 20)).items == [row]
        assert await get_token(session, row.id, seen_by=admin, as_admin=True) is row
        await remove_token(session, row.id, admin, as_admin=True)
        assert (await paginate(session, select_tokens(ann), 1, 20)).items == []
