"""Sockets of who signs out, is disabled, or loses a token: closed, wherever that was said."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from quart.testing import QuartClient
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from wsproto.events import AcceptConnection

from quartapp.app import QuartApp
from quartapp.auth import sockets
from quartapp.extensions import db
from quartapp.models import ApiToken, User, UserSession, utcnow
from quartapp.security import make_box
from quartapp.services.entity import add_entity
from quartapp.services.session import close_sessions, open_session
from tests.auth.looks import noting_looks
from tests.auth.test_required_factor import WORDS, read_cookies
from tests.helpers import PASSWORD, add_factor, add_person, make_bearer, read_token, sign_in
from tests.wire import SocketClient, open_socket, read_refusal, serving, shake_hands, until

ORIGIN = (b"Origin", b"http://localhost")
SIGN_IN = (1008, "Sign in again.")


@pytest.fixture
async def owner(fresh_app: QuartApp) -> User:
    async with fresh_app.app_context(), db.begin() as session:
        return await add_person(session, "owner")


@pytest.fixture
async def target(fresh_app: QuartApp, owner: User) -> str:
    async with fresh_app.app_context(), db.begin() as session:
        entity = await add_entity(session, name="a", url="http://a.test/", owner=owner)
    return f"/api/v1/entities/{entity.id}/comments/live"


@pytest.fixture
async def token(fresh_app: QuartApp, owner: User) -> str:
    async with fresh_app.app_context(), db.begin() as session:
        return (await make_bearer(session, owner))["Authorization"]


@pytest.fixture
async def browser(fresh_app: QuartApp, owner: User) -> QuartClient:
    return await sign_in(fresh_app.test_client(), "owner")


@pytest.fixture
async def cookie(browser: QuartClient) -> bytes:
    return read_cookies(browser).encode()


@pytest.fixture
async def port(fresh_app: QuartApp) -> AsyncIterator[object]:
    async with serving(fresh_app) as port:
        yield port


async def connect(client: SocketClient) -> None:
    await shake_hands(client)
    await client.hear()


ENDS: dict[str, Callable[[AsyncSession, User], Awaitable[object]]] = {
    "logged out": close_sessions,
    "disabled": lambda session, _: session.execute(update(User).values(disabled_at=utcnow())),
}


async def test_session_that_gets_the_id_of_one_that_ended_keeps_no_socket_open(
    fresh_app: QuartApp, owner: User, target: str, cookie: bytes, port: int
) -> None:
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as client:
        await connect(client)
        async with fresh_app.app_context(), db.begin() as session:
            last = await session.scalar(select(UserSession.id))
            await close_sessions(session, owner)
            await open_session(session, await add_person(session, "bob"))
            await session.execute(update(UserSession).values(id=last))  # which SQLite does itself
        assert await client.read_close() == SIGN_IN


async def test_token_that_gets_the_id_of_one_that_ended_keeps_no_socket_open(
    fresh_app: QuartApp, owner: User, target: str, token: str, port: int
) -> None:
    async with open_socket(port, target, (b"Authorization", token.encode())) as client:
        await connect(client)
        async with fresh_app.app_context(), db.begin() as session:
            last = await session.scalar(select(ApiToken.id))
            await session.execute(delete(ApiToken))
            await make_bearer(session, await add_person(session, "bob"))
            await session.execute(update(ApiToken).values(id=last))
        assert await client.read_close() == SIGN_IN


@pytest.mark.parametrize("end", ENDS)
async def test_log_out_closes_the_socket_within_two_seconds(
    fresh_app: QuartApp, owner: User, target: str, cookie: bytes, port: int, end: str
) -> None:
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as client:
        await connect(client)
        with noting_looks(*fresh_app.sockets) as looks:
            async with fresh_app.app_context(), db.begin() as session:
                await ENDS[end](session, owner)
            ended = time.monotonic()
            assert await client.read_close() == SIGN_IN
    assert all(has_let_go for began, has_let_go in looks if began > ended)  # so did the first
    assert sockets.PAUSE <= 1


@pytest.mark.parametrize("end", ENDS)
async def test_open_socket_keeps_nothing_once_the_session_has_ended(
    fresh_app: QuartApp,
    owner: User,
    target: str,
    cookie: bytes,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    monkeypatch.setattr(sockets, "PAUSE", 60.0)
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as client:
        await connect(client)
        async with fresh_app.app_context(), db.begin() as session:
            await ENDS[end](session, owner)
        await client.say("hello")
        assert await client.read_close() == SIGN_IN


AGAIN = {
    "/auth/confirm": {"password": PASSWORD},
    "/account/password": {"current_password": PASSWORD, "password": "a better horse battery"},
}


@pytest.mark.parametrize("path", AGAIN)
async def test_password_given_again_leaves_the_own_socket_open(
    fresh_app: QuartApp, browser: QuartClient, cookie: bytes, target: str, port: int, path: str
) -> None:
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page:
        await connect(page)
        form = {"csrf_token": await read_token(browser, path), **AGAIN[path]}
        assert (await browser.post(path, form=form)).status_code == 303
        assert read_cookies(browser).encode() != cookie
        async with fresh_app.app_context():
            await sockets.close_ended(fresh_app)
        await page.say("still here")
        assert "still here" in str(await page.hear())


async def test_revoked_token_closes_its_sockets_and_no_others(
    fresh_app: QuartApp, target: str, token: str, cookie: bytes, port: int
) -> None:
    bearer = (b"Authorization", token.encode())
    async with (
        open_socket(port, target, bearer) as program,
        open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page,
    ):
        await connect(program)
        await connect(page)
        async with fresh_app.app_context(), db.begin() as session:
            await session.execute(delete(ApiToken))
        assert await program.read_close() == SIGN_IN
        await page.say("still here")
        assert "still here" in str(await page.hear())


async def test_open_socket_keeps_nothing_once_the_token_is_gone(
    fresh_app: QuartApp, target: str, token: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PAUSE", 60.0)
    async with open_socket(port, target, (b"Authorization", token.encode())) as client:
        await connect(client)
        async with fresh_app.app_context(), db.begin() as session:
            await session.execute(delete(ApiToken))
        await client.say("hello")
        assert await client.read_close() == SIGN_IN


async def test_page_sends_its_token_as_a_subprotocol(target: str, token: str, port: int) -> None:
    offered = ["quartapp", f"quartapp.bearer.{token.removeprefix('Bearer ')}"]
    async with open_socket(port, target, subprotocols=offered) as client:
        event = await client.next()
        assert isinstance(event, AcceptConnection)
        assert event.subprotocol == "quartapp"
        assert "connected" in str(await client.hear())


async def test_database_that_is_away_closes_no_socket(
    fresh_app: QuartApp, target: str, token: str, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_socket(port, target, (b"Authorization", token.encode())) as client:
        await connect(client)
        async with fresh_app.app_context(), db.begin() as session:
            await session.execute(text("ALTER TABLE api_token RENAME TO hidden"))
        (socket,) = fresh_app.sockets
        async with asyncio.timeout(5):
            while "Who is still signed in" not in capsys.readouterr().err:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert not socket.closed


async def test_defect_of_the_watcher_is_logged_and_does_not_end_it(
    fresh_app: QuartApp,
    owner: User,
    target: str,
    cookie: bytes,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_app: QuartApp) -> None:
        raise KeyError("a defect")

    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as client:
        await connect(client)
        with monkeypatch.context() as patch:
            patch.setattr(sockets, "close_ended", fail)
            await until(lambda: "Who is still signed in could not be told." in caplog.messages)
        async with fresh_app.app_context(), db.begin() as session:
            await close_sessions(session, owner)
        assert await client.read_close() == SIGN_IN


@pytest.mark.parametrize("settings", [{"CORS_ORIGINS": ["https://other.example"]}])
async def test_page_of_an_allowed_origin_opens_a_socket_by_a_token(
    target: str, token: str, port: int
) -> None:
    origin, bearer = (b"Origin", b"https://other.example"), (b"Authorization", token.encode())
    async with open_socket(port, target, origin, bearer) as client:
        await connect(client)


async def test_client_that_never_says_goodbye_holds_up_no_other(
    fresh_app: QuartApp,
    owner: User,
    target: str,
    token: str,
    cookie: bytes,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quartapp.app.CLOSE_SECONDS", 60.0)  # longer than a test waits
    bearer = (b"Authorization", token.encode())
    async with (
        open_socket(port, target, bearer) as deaf,
        open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page,
    ):
        await connect(deaf)
        await connect(page)
        async with fresh_app.app_context(), db.begin() as session:
            await session.execute(delete(ApiToken))
        # The watcher has told the deaf one, whom it waits for.
        await until(lambda: None in [socket.asker for socket in fresh_app.sockets])
        async with fresh_app.app_context(), db.begin() as session:
            await close_sessions(session, owner)
        assert await page.read_close() == SIGN_IN


# --- of who must have a second factor, and has none


async def test_cookie_without_the_second_factor_opens_no_socket(
    fresh_app: QuartApp, target: str, token: str, cookie: bytes, port: int
) -> None:
    fresh_app.config["SECOND_FACTOR"] = "everyone"
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page:
        assert (await read_refusal(page))[0] == 403
    async with open_socket(port, target, (b"Authorization", token.encode())) as program:
        await connect(program)


async def test_open_socket_keeps_nothing_once_a_second_factor_is_missing(
    fresh_app: QuartApp, target: str, cookie: bytes, port: int
) -> None:
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page:
        await connect(page)
        fresh_app.config["SECOND_FACTOR"] = "everyone"
        await page.say("hello")
        assert await page.read_close() == (1008, WORDS)


async def test_cookie_of_the_password_alone_is_a_stranger_where_there_is_a_factor(
    fresh_app: QuartApp, owner: User, target: str, cookie: bytes, port: int
) -> None:
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page:
        await connect(page)
        fresh_app.config["SECOND_FACTOR"] = "everyone"
        async with fresh_app.app_context(), db.begin() as session:
            await add_factor(session, owner, make_box([fresh_app.config["SECRET_KEY"]]))
        await page.say("hello")
        assert await page.read_close() == SIGN_IN
    async with open_socket(port, target, (b"Cookie", cookie), ORIGIN) as page:
        assert (await read_refusal(page))[0] == 401
