from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select, update

from quartapp import security
from quartapp.app import QuartApp
from quartapp.auth import (
    authenticate,
    authenticate_again,
    hash_new_password,
    hash_password_by_link,
)
from quartapp.errors import BadRequestError, InvalidError, UnauthorizedError
from quartapp.extensions import db
from quartapp.models import Purpose, User, UserSession, utcnow
from quartapp.services.link import add_link
from quartapp.services.session import open_session
from quartapp.services.token import add_token
from tests.helpers import PASSWORD, add_person, read_token, sign_in
from tests.services.events import Event, list_events

NEW = "a better horse battery"
STRONGER = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)


async def change(**values: object) -> None:
    async with db.begin() as session:
        await session.execute(update(User).values(**values))


@pytest.mark.parametrize("login", ["admin", "\uff41dmin", "Ann@Example.org", " ann@example.org "])
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


@pytest.mark.parametrize("change_to", [{"password_hash": "another"}, {"disabled_at": utcnow()}])
async def test_account_that_changes_while_its_password_is_checked_lets_nobody_in(
    app: Quart, admin: User, monkeypatch: pytest.MonkeyPatch, change_to: dict[str, object]
) -> None:
    async def check(*_: object) -> bool:
        await change(**change_to)
        return True

    monkeypatch.setattr("quartapp.auth.passwords.check_password", check)
    monkeypatch.setattr("quartapp.auth.passwords.is_outdated", lambda _: False)
    async with app.app_context(), app.test_request_context("/", method="POST"):
        user = await authenticate("admin", PASSWORD)
        with pytest.raises(UnauthorizedError, match="changed meanwhile"):
            await open_session(db.session, user)
        with pytest.raises(UnauthorizedError, match="changed meanwhile"):
            await add_token(db.session, user, "late")


async def test_password_of_who_has_got_the_name_meanwhile_is_not_ones_own(
    app: Quart, admin: User
) -> None:
    async with app.test_request_context("/", method="POST"):
        assert (await authenticate_again(admin, PASSWORD)).id == admin.id
        async with db.begin() as session:
            await session.execute(update(User).values(name="renamed"))
            await add_person(session, admin.name)
        with pytest.raises(UnauthorizedError, match="Unknown name or wrong password"):
            await authenticate_again(admin, PASSWORD)


@pytest.mark.parametrize("path", ["/auth/confirm", "/account/password"])
async def test_session_is_not_fresh_by_the_password_of_who_took_the_name(
    app: QuartApp, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
        thief = await add_person(session, "thief")
        thief.password_hash = security.hasher.hash(NEW)
    client = await sign_in(app.test_client(), "ann")
    form = {"password": NEW, "current_password": NEW, "csrf_token": await read_token(client, path)}
    long_ago = utcnow() - timedelta(hours=1)
    discard = db.discard

    async def rename() -> None:  # where the request has let go of the database
        await discard()
        monkeypatch.undo()
        async with db.begin() as session:
            for old, new in (("ann", "renamed"), ("thief", "ann")):
                await session.execute(update(User).where(User.name == old).values(name=new))
            await session.execute(update(UserSession).values(confirmed_at=long_ago))

    monkeypatch.setattr(db, "discard", rename)
    assert (await client.post(path, form=form)).status_code == 422
    async with app.app_context(), db.read() as session:
        assert await session.scalar(select(UserSession.confirmed_at)) == long_ago


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


LINKS = {Purpose.SETUP: "setup", Purpose.INVITE: "register", Purpose.RESET: "reset"}


@pytest.fixture
def hashed(app: Quart, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that are hashed, each while another one writes: SQLite has one at a time."""
    found = []

    async def hash_slowly(password: str) -> str:
        await change(email="still@example.org")
        found.append(password)
        return "x"

    monkeypatch.setattr("quartapp.auth.passwords.hash_password", hash_slowly)
    return found


@pytest.mark.parametrize("purpose", LINKS)
async def test_nothing_waits_while_a_password_is_chosen_by_link(
    app: Quart, client: QuartClient, purpose: Purpose, hashed: list[str]
) -> None:
    async with app.app_context(), db.begin() as session:
        user = await add_person(session, "ann") if purpose == Purpose.RESET else None
        token = await add_link(session, purpose, user=user)
    if user:
        await sign_in(client, user.name)  # who asks is looked up first, in a session that may write
    path = f"/auth/{LINKS[purpose]}"
    form = {"token": token, "name": "bob", "password": NEW}
    form["csrf_token"] = await read_token(client, f"{path}?token={token}")

    assert (await client.post(path, form=form)).status_code == 303
    assert hashed == [NEW]


async def test_nothing_waits_while_a_program_sets_up(
    client: QuartClient, app: Quart, hashed: list[str]
) -> None:
    async with app.app_context(), db.begin() as session:
        token = await add_link(session, Purpose.SETUP)
    data = {"token": token, "name": "root", "password": NEW}

    assert (await client.post("/api/v1/setup", json=data)).status_code == 201
    assert hashed == [NEW]


async def test_nothing_waits_while_a_password_is_replaced(
    browser: QuartClient, hashed: list[str]
) -> None:
    path = "/account/password"
    form = {
        "current_password": PASSWORD,
        "password": NEW,
        "csrf_token": await read_token(browser, path),
    }

    assert (await browser.post(path, form=form)).status_code == 303
    assert hashed == [NEW]


async def test_new_password_is_hashed_outside_of_what_the_request_began(
    app: Quart, admin: User, hashed: list[str]
) -> None:
    async with app.app_context(), app.test_request_context("/", method="POST"):
        await db.session.execute(select(User))
        assert await hash_new_password(admin, NEW) == "x"


@pytest.mark.parametrize("purpose", LINKS)
async def test_weak_password_leaves_the_link_alive_and_is_not_hashed(
    app: Quart, admin: User, purpose: Purpose, hashed: list[str]
) -> None:
    async with app.test_request_context("/", method="POST"):
        await change(email="margaret@example.org")
        user = admin if purpose == Purpose.RESET else None
        email = "margaret@example.org" if purpose == Purpose.INVITE else None
        async with db.begin() as session:
            token = await add_link(session, purpose, user=user, email=email)
        own_words = {Purpose.SETUP: "margaretmargaret"}.get(purpose, "margaretexample.org")
        for weak in ("short", own_words):
            with pytest.raises(InvalidError):
                await hash_password_by_link(token, weak, purpose, name="margaret")
        assert hashed == []
        await hash_password_by_link(token, NEW, purpose, name="margaret")


async def test_void_link_costs_no_hash(app: Quart, hashed: list[str]) -> None:
    async with app.test_request_context("/", method="POST"):
        with pytest.raises(BadRequestError):
            await hash_password_by_link("nothing", NEW, Purpose.INVITE, name="ann")
    assert hashed == []


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


async def test_password_changed_during_a_login_is_not_taken_back(
    app: Quart, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hash_slowly(_: str) -> str:
        await change(password_hash="new")
        return "old password, hashed anew"

    monkeypatch.setattr(security, "hasher", STRONGER)
    monkeypatch.setattr("quartapp.auth.passwords.hash_password", hash_slowly)
    async with app.test_request_context("/", method="POST"):
        await authenticate("admin", PASSWORD)
        assert await db.session.scalar(select(User.password_hash)) == "new"


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
