from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quartapp.errors import ConflictError, ForbiddenError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import ApiToken, SetupToken, User, UserSession, utcnow
from quartapp.models.user import Credential
from quartapp.services.user import (
    add_api_token,
    add_setup_token,
    add_user,
    authenticate,
    close_session,
    find_session_user,
    find_token_user,
    has_users,
    open_session,
    set_up,
)
from tests.helpers import PASSWORD


async def expire(kind: type[Credential]) -> None:
    async with db.begin() as session:
        await session.execute(update(kind).values(expires_at=utcnow() - timedelta(seconds=1)))


async def test_first_administrator_is_made_once(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            assert not await has_users(session)
            token = await add_setup_token(session)
            user = await set_up(session, token, name="root", password=PASSWORD)
            assert (user.name, user.is_admin) == ("root", True)
        async with db.begin() as session:
            assert await has_users(session)
            assert list(await session.scalars(select(SetupToken))) == []
            with pytest.raises(ConflictError, match="There is a user already"):
                await add_setup_token(session)


async def test_expired_setup_token_makes_nobody(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_setup_token(session)
        await expire(SetupToken)
        async with db.begin() as session:
            with pytest.raises(ForbiddenError):
                await set_up(session, token, name="root", password=PASSWORD)


async def test_taken_name_is_a_conflict(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(ConflictError, match="The name 'admin' is taken") as caught:
            await add_user(session, name="admin", password_hash="x")
        assert caught.value.field == "name"


async def test_password_tells_who_it_is(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        assert (await authenticate(session, "admin", PASSWORD)).id == admin.id


@pytest.mark.parametrize(
    ("name", "password"), [("admin", ""), ("admin", PASSWORD.upper()), ("nobody", PASSWORD)]
)
async def test_wrong_password_and_stranger_get_one_answer(
    app: Quart, admin: User, name: str, password: str
) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(UnauthorizedError, match="Unknown name or wrong password"):
            await authenticate(session, name, password)


async def test_session_stands_for_its_user_until_it_ends(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await open_session(session, admin)
            other = await open_session(session, admin)
        async with db.begin() as session:
            assert await find_session_user(session, token) is not None
            await close_session(session, token)
            assert await find_session_user(session, token) is None
            assert await find_session_user(session, other) is not None
        await expire(UserSession)
        async with db.begin() as session:
            assert await find_session_user(session, other) is None


async def test_api_token_stands_for_its_user_until_it_expires(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, row = await add_api_token(session, admin, "laptop")
            assert (secret[:3], row.name) == ("qa_", "laptop")
        async with db.begin() as session:
            found = await find_token_user(session, secret)
            assert found is not None
            assert found.id == admin.id
            assert await find_token_user(session, secret[:-1]) is None
        await expire(ApiToken)
        async with db.begin() as session:
            assert await find_token_user(session, secret) is None


async def test_no_secret_is_kept_as_it_is(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        secret, row = await add_api_token(session, admin, "laptop")
        opened = await open_session(session, admin)
        sessions = list(await session.scalars(select(UserSession.token_hash)))
        assert secret not in row.token_hash
        assert opened not in sessions
        assert PASSWORD not in admin.password_hash
