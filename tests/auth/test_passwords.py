import pytest
from argon2 import PasswordHasher
from quart import Quart
from sqlalchemy import select, update

from quartapp import security
from quartapp.auth import authenticate
from quartapp.errors import UnauthorizedError
from quartapp.extensions import db
from quartapp.models import User, utcnow
from tests.helpers import PASSWORD
from tests.services.events import Event, list_events

STRONGER = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)


async def change(**values: object) -> None:
    async with db.begin() as session:
        await session.execute(update(User).values(**values))


@pytest.mark.parametrize("login", ["admin", "Ann@Example.org", " ann@example.org "])
async def test_password_tells_who_it_is(app: Quart, admin: User, login: str) -> None:
    async with app.test_request_context("/", method="POST"):
        await change(email="ann@example.org")
        assert (await authenticate(login, PASSWORD)).id == admin.id


@pytest.mark.parametrize(
    ("name", "password"), [("admin", ""), ("admin", PASSWORD.upper()), ("nobody", PASSWORD)]
)
async def test_wrong_password_and_stranger_get_one_answer(
    app: Quart, admin: User, name: str, password: str
) -> None:
    async with app.test_request_context("/", method="POST"):
        with pytest.raises(UnauthorizedError, match="Unknown name or wrong password"):
            await authenticate(name, password)


async def test_who_is_disabled_gets_the_answer_of_a_stranger(app: Quart, admin: User) -> None:
    async with app.test_request_context("/", method="POST"):
        await change(disabled_at=utcnow())
        with pytest.raises(UnauthorizedError, match="Unknown name or wrong password"):
            await authenticate("admin", PASSWORD)


async def test_nothing_waits_for_the_database_while_a_password_is_hashed(
    app: Quart, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(*_: object) -> bool:
        await change(name="still free")  # SQLite has one writer at a time
        return True

    monkeypatch.setattr("quartapp.auth.passwords.check_password", check)
    async with app.app_context(), app.test_request_context("/", method="POST"):
        await db.session.execute(select(User))
        assert (await authenticate("admin", PASSWORD)).id == admin.id


async def test_hash_of_yesterday_is_replaced_at_the_next_login(
    app: Quart, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "hasher", STRONGER)
    hashes = []
    async with app.test_request_context("/", method="POST"):
        for _ in range(2):
            await authenticate("admin", PASSWORD)
            await db.session.commit()
            await db.discard()
            hashes.append(await db.session.scalar(select(User.password_hash)))

    assert hashes[0] != admin.password_hash
    assert "m=16,t=2" in str(hashes[0])
    assert hashes[1] == hashes[0]


async def test_failed_login_is_recorded_without_what_was_typed(app: Quart, admin: User) -> None:
    for name in ("admin", "a-password-in-the-wrong-field"):
        async with app.test_request_context("/", method="POST"):
            with pytest.raises(UnauthorizedError):
                await authenticate(name, "wrong")
    async with app.app_context():
        assert await list_events() == [
            Event("", "login-failed", "admin"),
            Event("", "login-failed", ""),
        ]
