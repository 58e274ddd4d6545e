import asyncio
import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update
from webauthn.helpers import encode_cbor

from quartapp.database import is_retriable
from quartapp.errors import BadRequestError, ConflictError, NotFoundError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import Passkey, Role, User, utcnow
from quartapp.services.ceremony import Challenge, Site, describe_creation, describe_request
from quartapp.services.passkey import (
    add_passkey,
    find_user_by_passkey,
    list_passkeys,
    remove_passkey,
)
from tests.authenticator import PRESENT, Authenticator
from tests.helpers import add_person
from tests.services.events import Event, list_events

SITE = Site("localhost", "http://localhost")


def make_challenge(seconds: float = 0) -> Challenge:
    return Challenge(secrets.token_bytes(32), utcnow() + timedelta(seconds=seconds))


async def add(user: User, device: Authenticator, **changes: str) -> Passkey:
    challenge = make_challenge()
    answer = device.create(describe_creation(user, [], site=SITE, challenge=challenge.value))
    async with db.begin() as session:
        given = {"name": "phone", "site": SITE, "challenge": challenge}
        return await add_passkey(session, user, answer, **given)


async def sign_in(answer: str, challenge: Challenge, site: Site = SITE) -> str | None:
    """Return the name of who an answer signs in."""
    try:
        async with db.begin() as session:
            user = await find_user_by_passkey(session, answer, site=site, challenge=challenge)
    except UnauthorizedError:
        return None
    return user.name


async def use(device: Authenticator, challenge: Challenge) -> str | None:
    request = describe_request(site=SITE, challenge=challenge.value)
    return await sign_in(device.get(request), challenge)


# --- adding


async def test_passkey_is_kept_as_it_was_made(app: Quart, admin: User) -> None:
    device = Authenticator()
    async with app.app_context():
        added = await add(admin, device)
        async with db.read() as session:
            (row,) = await list_passkeys(session, admin)
    assert (row.id, row.user_id, row.name) == (added.id, admin.id, "phone")
    assert (row.sign_count, row.transports, row.used_at) == (0, "internal,hybrid", None)
    assert row.public_key == device.describe_key()


async def test_what_is_asked_for_can_tell_who_it_is_and_unlocks(app: Quart, admin: User) -> None:
    device = Authenticator()
    async with app.app_context():
        row = await add(admin, device)
    asked = json.loads(describe_creation(admin, [row], site=SITE, challenge=b"x" * 32))
    choice = asked["authenticatorSelection"]
    assert (choice["residentKey"], choice["userVerification"]) == ("required", "required")
    assert [known["id"] for known in asked["excludeCredentials"]] == [row.credential_id]
    assert asked["attestation"] == "none"
    asked = json.loads(describe_request(site=SITE, challenge=b"x" * 32))
    assert (asked["allowCredentials"], asked["userVerification"]) == ([], "required")


WRONG_MAKERS = {
    "locked": lambda device: setattr(device, "flags", PRESENT),
    "origin": lambda device: setattr(device, "origin", "http://localhost:81"),
    "host": lambda device: setattr(device, "host", "evil.test"),
    "long": lambda device: setattr(device, "id", bytes(600)),
}


@pytest.mark.parametrize("fault", WRONG_MAKERS)
async def test_unsound_passkey_is_not_added(app: Quart, admin: User, fault: str) -> None:
    device = Authenticator()
    WRONG_MAKERS[fault](device)
    async with app.app_context():
        with pytest.raises(BadRequestError):
            await add(admin, device)


def describe_rsa(bits: int) -> bytes:
    return bytes(encode_cbor({1: 3, 3: -257, -1: (2**bits - 1).to_bytes(256), -2: b"\1\0\1"}))


async def test_key_of_2048_bits_is_added(app: Quart, admin: User) -> None:
    device = Authenticator()
    device.describe_key = lambda: describe_rsa(2048)  # type: ignore[method-assign]
    async with app.app_context():
        assert (await add(admin, device)).public_key == describe_rsa(2048)


WEAK_KEYS = {
    "short": describe_rsa(2047),
    "on no curve": encode_cbor({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}),
    "of an algorithm nobody asked for": encode_cbor(
        {1: 3, 3: -65535, -1: b"\xff" * 256, -2: b"\3"}
    ),
}


@pytest.mark.parametrize("kind", WEAK_KEYS)
async def test_weak_key_is_not_added(app: Quart, admin: User, kind: str) -> None:
    device = Authenticator()
    device.describe_key = lambda: WEAK_KEYS[kind]  # type: ignore[method-assign]
    async with app.app_context():
        with pytest.raises(BadRequestError):
            await add(admin, device)


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"id": "a"}', "[" * 15_000, "\ud800"])
async def test_nonsense_is_no_passkey(app: Quart, admin: User, answer: str) -> None:
    async with app.app_context():
        async with db.begin() as session:
            given = {"name": "x", "site": SITE, "challenge": make_challenge()}
            with pytest.raises(BadRequestError):
                await add_passkey(session, admin, answer, **given)
        assert await sign_in(answer, make_challenge()) is None


async def test_answer_to_another_challenge_adds_nothing(app: Quart, admin: User) -> None:
    options = describe_creation(admin, [], site=SITE, challenge=b"x" * 32)
    async with app.app_context(), db.begin() as session:
        given = {"name": "x", "site": SITE, "challenge": make_challenge()}
        with pytest.raises(BadRequestError):
            await add_passkey(session, admin, Authenticator().create(options), **given)


async def test_passkey_is_added_once(app: Quart, admin: User) -> None:
    device = Authenticator()
    async with app.app_context():
        await add(admin, device)
        async with db.begin() as session:
            ann = await add_person(session, "ann")
        with pytest.raises(ConflictError):
            await add(ann, device)


# --- signing in


@pytest.mark.parametrize("counts", [True, False])
async def test_passkey_signs_its_owner_in(app: Quart, admin: User, counts: bool) -> None:
    device, challenges = Authenticator(counts=counts), [make_challenge(1), make_challenge(2)]
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
        await add(admin, Authenticator())
        await add(ann, device)
        assert [await use(device, challenge) for challenge in challenges] == ["ann", "ann"]
        async with db.read() as session:
            (row,) = await list_passkeys(session, ann)
    assert (row.used_at, row.sign_count) == (challenges[1].made_at, 2 * counts)


@pytest.mark.parametrize("counts", [True, False])
async def test_answer_works_once(app: Quart, admin: User, counts: bool) -> None:
    device, challenge = Authenticator(counts=counts), make_challenge()
    async with app.app_context():
        await add(admin, device)
        answer = device.get(describe_request(site=SITE, challenge=challenge.value))
        assert [await sign_in(answer, challenge) for _ in range(2)] == ["admin", None]


async def test_of_ten_at_once_one_gets_in(app: Quart, admin: User) -> None:
    device, challenge = Authenticator(counts=False), make_challenge()
    async with app.app_context():
        await add(admin, device)
        answer = device.get(describe_request(site=SITE, challenge=challenge.value))
        tries = [sign_in(answer, challenge) for _ in range(10)]
        found = await asyncio.gather(*tries, return_exceptions=True)
    assert found.count("admin") == 1
    lost = [error for error in found if isinstance(error, Exception)]
    assert [error for error in lost if not is_retriable(error)] == []


WRONG_USERS = {
    **WRONG_MAKERS,
    "absent": lambda device: setattr(device, "flags", 4),
    "key": lambda device: setattr(device, "key", Authenticator().key),
    "copy": lambda device: setattr(device, "count", -1),
    "handle": lambda device: setattr(device, "handle", b"2"),
    "no handle": lambda device: setattr(device, "handle", None),
}
WRONG_USERS.pop("long")


@pytest.mark.parametrize("fault", WRONG_USERS)
async def test_wrong_answer_signs_nobody_in(app: Quart, admin: User, fault: str) -> None:
    device = Authenticator()
    async with app.app_context():
        await add(admin, device)
        assert await use(device, make_challenge(1)) == "admin"
        WRONG_USERS[fault](device)
        assert await use(device, make_challenge(2)) is None


async def test_answer_is_for_its_challenge_and_site(app: Quart, admin: User) -> None:
    device, challenge = Authenticator(), make_challenge()
    async with app.app_context():
        await add(admin, device)
        answer = device.get(describe_request(site=SITE, challenge=challenge.value))
        assert await sign_in(answer, make_challenge()) is None
        for other in (replace(SITE, host="other"), replace(SITE, origin="https://localhost")):
            assert await sign_in(answer, challenge, other) is None
        assert await sign_in(answer, challenge) == "admin"


async def test_key_of_nobody_or_of_who_is_disabled_signs_nobody_in(app: Quart, admin: User) -> None:
    device, stranger = Authenticator(), Authenticator()
    stranger.handle = b"1"
    async with app.app_context():
        await add(admin, device)
        async with db.begin() as session:
            await session.execute(update(User).values(disabled_at=utcnow()))
        assert [await use(key, make_challenge()) for key in (device, stranger)] == [None, None]


# --- removing


async def test_removed_passkey_signs_nobody_in(app: Quart, admin: User) -> None:
    device = Authenticator()
    async with app.app_context():
        row = await add(admin, device)
        async with db.begin() as session:
            await remove_passkey(session, row.id, admin)
        assert await use(device, make_challenge()) is None


async def test_own_passkeys_and_those_of_all_for_administrators_are_removed(
    app: Quart, admin: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann", role=Role.EDITOR)
        his, hers = await add(admin, Authenticator()), await add(ann, Authenticator())
        for passkey_id, by in ((his.id, ann), (hers.id, admin), (10**6, admin)):
            async with db.begin() as session:
                with pytest.raises(NotFoundError):
                    await remove_passkey(session, passkey_id, by)
        async with db.begin() as session:
            await remove_passkey(session, hers.id, admin, as_admin=True)
        async with db.read() as session:
            assert list(await session.scalars(select(Passkey.id))) == [his.id]
        assert await list_events() == [
            Event("admin", "passkey-added", "admin", "phone"),
            Event("ann", "passkey-added", "ann", "phone"),
            Event("admin", "passkey-removed", "ann", "phone"),
        ]


async def test_account_takes_them_along(app: Quart, admin: User) -> None:
    async with app.app_context():
        await add(admin, Authenticator())
        async with db.begin() as session:
            await session.delete(await session.get_one(User, admin.id))
        async with db.read() as session:
            assert list(await session.scalars(select(Passkey.id))) == []
