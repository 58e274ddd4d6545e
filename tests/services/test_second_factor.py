import asyncio
import logging

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp.database import is_retriable
from quartapp.errors import ConflictError, InvalidError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import RecoveryCode, SecondFactor, User
from quartapp.models.second_factor import make_secret
from quartapp.security import make_box
from quartapp.services import second_factor as service
from tests.helpers import PASSWORD, add_factor, add_person, make_code
from tests.services.events import Event, list_events

BOX = make_box(["a key", "the key before it"])


async def turn_on(user: User) -> tuple[str, list[str]]:
    async with db.begin() as session:
        return await add_factor(session, user, BOX)


async def is_right(user: User, code: str, *keys: str) -> bool:
    """Tell whether *code* lets *user* in."""
    try:
        async with db.begin() as session:
            await service.use_code(session, user, code, box=make_box(keys) if keys else BOX)
    except UnauthorizedError:
        return False
    return True


async def count() -> tuple[int, int]:
    async with db.read() as session:
        return tuple(
            [await session.scalar(select(func.count(table.id))) for table in service.TABLES]
        )


# --- codes of the app


async def test_code_of_the_app_works_once(app: Quart, admin: User) -> None:
    async with app.app_context():
        secret, _ = await turn_on(admin)
        code = make_code(secret)
        found = [
            await is_right(admin, given)
            for given in ("000 000 000", f" {code[:3]} {code[3:]}", code)
        ]
    assert found == [False, True, False]


async def test_older_code_is_void_when_a_newer_one_was_used(app: Quart, admin: User) -> None:
    async with app.app_context():
        secret, _ = await turn_on(admin)
        older, newer = make_code(secret), make_code(secret, 1)
        assert [await is_right(admin, code) for code in (newer, older)] == [True, False]


async def test_code_that_turned_it_on_is_used(app: Quart, admin: User) -> None:
    secret = make_secret()
    code = make_code(secret)
    async with app.app_context():
        async with db.begin() as session:
            await service.add_second_factor(session, admin, secret, code, box=BOX)
        assert await is_right(admin, code) is False


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_of_ten_at_once_one_gets_in(app: Quart, admin: User, kind: str) -> None:
    async with app.app_context():
        secret, codes = await turn_on(admin)
        code = make_code(secret) if kind == "app" else codes[0]
        tries = [is_right(admin, code) for _ in range(10)]
        found = await asyncio.gather(*tries, return_exceptions=True)
    assert found.count(True) == 1
    lost = [error for error in found if isinstance(error, Exception)]
    assert [error for error in lost if not is_retriable(error)] == []


async def test_code_of_another_is_wrong(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
        secret, codes = await turn_on(admin)
        own, _ = await turn_on(ann)
        assert [await is_right(ann, code) for code in (make_code(secret), codes[0])] == [False] * 2
        assert await is_right(ann, make_code(own))


async def test_who_has_none_gets_in_by_no_code(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.read() as session:
            assert not await service.has_second_factor(session, admin)
        assert [await is_right(admin, code) for code in ("000000", "", "a")] == [False] * 3


# --- codes for recovery


async def test_recovery_code_works_once_however_it_is_typed(app: Quart, admin: User) -> None:
    async with app.app_context():
        _, codes = await turn_on(admin)
        assert (len(set(codes)), await count()) == (10, (1, 10))
        assert await is_right(admin, codes[3].upper().replace("-", " "))
        assert await count() == (1, 9)
        assert [await is_right(admin, code) for code in (codes[3], codes[4])] == [False, True]


async def test_new_recovery_codes_void_the_old_ones(app: Quart, admin: User) -> None:
    async with app.app_context():
        _, old = await turn_on(admin)
        async with db.begin() as session:
            new = await service.replace_recovery_codes(session, admin)
            assert await service.count_recovery_codes(session, admin) == 10
        assert [await is_right(admin, codes[0]) for codes in (old, new)] == [False, True]


async def test_recovery_codes_are_for_who_has_a_second_factor(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            with pytest.raises(ConflictError, match="turn it on first"):
                await service.replace_recovery_codes(session, admin)
        assert (await count(), await list_events()) == ((0, 0), [])


# --- on and off


async def test_wrong_code_turns_nothing_on(app: Quart, admin: User) -> None:
    secret = make_secret()
    async with app.app_context(), db.begin() as session:
        with pytest.raises(InvalidError) as caught:
            await service.add_second_factor(session, admin, secret, "12345", box=BOX)
        assert not await service.has_second_factor(session, admin)
    assert [error.loc for error in caught.value.errors] == [("code",)]


async def test_it_is_turned_on_once(app: Quart, admin: User) -> None:
    async with app.app_context():
        await turn_on(admin)
        with pytest.raises(ConflictError):
            await turn_on(admin)
        assert await count() == (1, 10)


async def test_turned_off_leaves_nothing(app: Quart, admin: User) -> None:
    async with app.app_context():
        secret, codes = await turn_on(admin)
        async with db.begin() as session:
            await service.turn_off(session, admin, PASSWORD)
        assert await count() == (0, 0)
        assert [await is_right(admin, code) for code in (make_code(secret), codes[0])] == [
            False
        ] * 2


async def test_short_password_keeps_it_on(app: Quart, admin: User) -> None:
    async with app.app_context():
        await turn_on(admin)
        async with db.begin() as session:
            with pytest.raises(InvalidError, match="Alone, a password needs 15 characters"):
                await service.turn_off(session, admin, "x" * 14)
        assert await count() == (1, 10)


async def test_account_takes_it_along(app: Quart, admin: User) -> None:
    async with app.app_context():
        await turn_on(admin)
        async with db.begin() as session:
            await session.delete(await session.get_one(User, admin.id))
        assert await count() == (0, 0)


async def test_each_change_is_recorded(app: Quart, admin: User) -> None:
    async with app.app_context():
        await turn_on(admin)
        async with db.begin() as session:
            await service.replace_recovery_codes(session, admin)
            with pytest.raises(UnauthorizedError):
                await service.use_code(session, admin, "000000", box=BOX)
            for _ in range(2):
                await service.turn_off(session, admin, PASSWORD)
        assert await list_events() == [
            Event("admin", "second-factor-on", "admin"),
            Event("admin", "recovery-codes-made", "admin"),
            Event("", "code-failed", "admin"),
            Event("admin", "second-factor-off", "admin"),
        ]


# --- what is kept


async def test_neither_secret_nor_codes_can_be_read(app: Quart, admin: User) -> None:
    async with app.app_context():
        secret, codes = await turn_on(admin)
        async with db.read() as session:
            sealed = (await session.scalars(select(SecondFactor.sealed_secret))).one()
            hashes = (await session.scalars(select(RecoveryCode.code_hash))).all()
    assert secret not in sealed
    assert BOX.decrypt(sealed).decode() == secret
    assert {len(code_hash) for code_hash in hashes} == {64}
    assert not set(hashes) & {code.replace("-", "") for code in codes}


async def test_use_reseals_by_the_key_of_today(
    app: Quart, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    async with app.app_context():
        secret, codes = await turn_on(admin)
        assert await is_right(admin, make_code(secret), "new", "a key")
        assert not await is_right(admin, make_code(secret, 1), "a key")
        assert await is_right(admin, make_code(secret, 1), "new")
        assert await is_right(admin, codes[0], "lost")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert secret not in record.getMessage()
