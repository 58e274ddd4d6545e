from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quartapp.errors import BadRequestError, ConflictError
from quartapp.extensions import db
from quartapp.models import Link, Role, User, utcnow
from quartapp.services.people import edit_name
from quartapp.services.user import add_setup_token, add_user, has_users, set_up
from tests.helpers import add_person
from tests.services.meeting import Work, do_at_once


async def test_first_administrator_is_made_once(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            assert not await has_users(session)
            token = await add_setup_token(session)
            user = await set_up(session, token, name="root", password_hash="x")
            assert (user.name, user.role) == ("root", Role.ADMIN)
        async with db.begin() as session:
            assert await has_users(session)
            assert list(await session.scalars(select(Link))) == []
            with pytest.raises(ConflictError, match="There is a user already"):
                await add_setup_token(session)


async def test_expired_setup_token_makes_nobody(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_setup_token(session)
            past = utcnow() - timedelta(seconds=1)
            await session.execute(update(Link).values(expires_at=past))
        async with db.begin() as session:
            with pytest.raises(BadRequestError):
                await set_up(session, token, name="root", password_hash="x")


@pytest.mark.parametrize("name", ["admin", "Admin", "ADMIN"])
async def test_taken_name_is_a_conflict(app: Quart, admin: User, name: str) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(ConflictError, match=f"The name '{name}' is taken") as caught:
            await add_user(session, name=name, password_hash="x")
        assert caught.value.field == "name"


@pytest.mark.parametrize(("taken", "name"), [("ΟΔΟΣ", "ΟΔΟΣ"), ("ΟΔΟΣ", "οδοσ"), ("Äß", "äß")])
async def test_letters_of_every_script_are_compared(app: Quart, taken: str, name: str) -> None:
    async with app.app_context(), db.begin() as session:
        await add_user(session, name=taken, password_hash="x")
        with pytest.raises(ConflictError):
            await add_user(session, name=name, password_hash="x")


async def test_taken_address_is_a_conflict(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await add_user(session, name="a", password_hash="x", email="a@example.org")
        with pytest.raises(ConflictError) as caught:
            await add_user(session, name="b", password_hash="x", email="a@example.org")
        assert caught.value.field == "email"


TAKES: dict[str, Work] = {
    "registered": lambda session, _: add_user(session, name="ANN", password_hash="x"),
    "renamed": lambda session, user: edit_name(session, user, "Ann", user),
}


@pytest.mark.parametrize("take", TAKES)
async def test_name_that_another_one_takes_at_that_moment_is_a_conflict(
    app: Quart, boss: User, take: str
) -> None:
    async with app.app_context():
        with pytest.raises(ConflictError, match="is taken"):
            await do_at_once(boss, lambda session, _: add_person(session, "ann"), TAKES[take])
