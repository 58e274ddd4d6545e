import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from quart.datastructures import FileStorage
from quart.testing import QuartClient
from quart.testing.connections import WebsocketResponseError
from sqlalchemy import Delete, Update, delete, select, text, update

from quartapp.app import QuartApp
from quartapp.auth import get_user, load_user
from quartapp.extensions import db
from quartapp.models import ApiToken, Comment, Entity, Role, User, UserSession, utcnow
from quartapp.services.entity import add_entity
from quartapp.services.session import close_sessions, open_session
from tests.helpers import add_person, make_bearer, read_token

Statement = Delete | Update

TWICE = "INSERT INTO alembic_version SELECT version_num FROM alembic_version"  # a conflict


@pytest.fixture
async def address(app: QuartApp, admin: User) -> str:
    """A socket of the API."""
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name="a", url="http://a.test/", owner=admin)
    return f"/api/v1/entities/{entity.id}/comments/live"


async def try_socket(client: QuartClient, address: str, headers: dict[str, str | None]) -> int:
    """Return 101 when the socket says connected, else the status of the refusal."""
    known = {name: value for name, value in headers.items() if value is not None}
    try:
        async with client.websocket(address, headers=known) as socket:
            await socket.receive()
    except WebsocketResponseError as error:
        return error.response.status_code
    return 101


async def test_socket_of_another_site_is_closed_whatever_it_fetches(
    browser: QuartClient, address: str
) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}
    assert await try_socket(browser, address, headers) == 403


async def test_open_socket_writes_nothing_as_who_got_the_id_of_its_session(
    app: QuartApp, browser: QuartClient, admin: User, address: str
) -> None:
    async with browser.websocket(address, headers={"Origin": "http://localhost"}) as socket:
        await socket.receive()
        async with app.app_context(), db.begin() as session:
            last = await session.scalar(select(UserSession.id))
            await close_sessions(session, admin)
            await open_session(session, await add_person(session, "bob"))
            await session.execute(update(UserSession).values(id=last))  # which SQLite does itself
        await socket.send("hello")
        await asyncio.wait_for(cast(Any, socket)._task, 10)  # it is closed
    async with app.app_context(), db.read() as session:
        assert list(await session.scalars(select(Comment.body))) == []


async def test_view_that_runs_again_has_a_user_of_its_new_session(
    fresh_app: QuartApp,
) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        headers = await make_bearer(session, await add_person(session, "owner"))
    attached: list[bool] = []
    fresh_app.before_request(load_user)

    @fresh_app.post("/again")
    async def again() -> str:
        attached.append(get_user() in db.session)
        if len(attached) == 1:
            await db.session.execute(text(TWICE))
        return "done"

    response = await fresh_app.test_client().post("/again", headers=headers)
    assert (response.status_code, attached) == (200, [True, True])


# --- while the body comes


async def post_slowly(
    client: QuartClient, path: str, body: bytes, meanwhile: Statement, **headers: str
) -> int:
    """Return what is answered to a body in the midst of which something happens."""
    headers |= {"Content-Length": str(len(body))}
    async with app_of(client), client.request(path, method="POST", headers=headers) as sent:
        await sent.send(body[:5])
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5), db.begin() as session:
            await session.execute(meanwhile)
        await sent.send(body[5:])
        await sent.send_complete()
    return (await sent.as_response()).status_code


def app_of(client: QuartClient) -> AbstractAsyncContextManager[object]:
    return cast(QuartApp, client.app).app_context()


ENDED: dict[str, tuple[Statement, int]] = {
    "nothing": (update(User).values(language="en"), 201),
    "disabled": (update(User).values(disabled_at=utcnow()), 401),
    "demoted": (update(User).values(role=Role.VIEWER), 403),
    "revoked": (delete(ApiToken), 401),
}


@pytest.mark.parametrize("settings", [{"AUTH_CACHE_SECONDS": 0}])
@pytest.mark.parametrize("end", ENDED)
async def test_who_is_let_out_while_a_body_comes_is_out(
    client: QuartClient, bearer: dict[str, str], end: str
) -> None:
    meanwhile, status = ENDED[end]
    headers = {**bearer, "Content-Type": "application/json"}
    body = b'{"name": "a", "url": "http://a.test/"}'
    assert await post_slowly(client, "/api/v1/entities", body, meanwhile, **headers) == status


@pytest.mark.parametrize("ended", [False, True])
async def test_nobody_waits_for_the_body_of_a_page(browser: QuartClient, ended: bool) -> None:
    token = await read_token(browser, "/entities/new")
    body = urlencode({"name": "a", "url": "http://a.test/", "csrf_token": token}).encode()
    meanwhile: Statement = delete(UserSession) if ended else update(User).values(language="en")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await post_slowly(browser, "/entities/new", body, meanwhile, **form)
    async with app_of(browser), db.read() as session:
        assert len(list(await session.scalars(select(Entity)))) == (not ended)


async def test_body_that_was_heard_out_is_read_piece_by_piece(browser: QuartClient) -> None:
    token = await read_token(browser, "/entities/import")
    form = {"csrf_token": token, "source": "quartapp"}
    file = FileStorage(BytesIO(b"name,url\na,http://a.test/\n"), filename="a.csv")
    answer = await browser.post("/entities/import", form=form, files={"file": file})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/entities/")


# --- noted and remembered


async def prepare_note(app: QuartApp, body: str) -> None:
    """Let the next request be noted, and *body* happen then."""
    trigger = f"CREATE TRIGGER noted BEFORE UPDATE ON user_session BEGIN {body}; END"
    async with app.app_context(), db.begin() as session:
        long_ago = utcnow() - timedelta(hours=1)
        await session.execute(update(UserSession).values(seen_at=long_ago))
        await session.execute(text(trigger))


async def test_request_that_cannot_be_noted_is_answered(
    app: QuartApp, browser: QuartClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await prepare_note(app, "SELECT RAISE(ABORT, 'no')")
    assert (await browser.get("/entities/")).status_code == 200
    assert "The use of a credential could not be noted" in capsys.readouterr().err


async def test_what_was_noted_is_not_locked_while_the_view_works(fresh_app: QuartApp) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        headers = await make_bearer(session, await add_person(session, "owner"))
    seen = []
    fresh_app.before_request(load_user)

    @fresh_app.post("/slow")
    async def work() -> str:
        async with db.begin() as session:  # as who revokes it would
            await session.execute(update(ApiToken).values(name="x"))
            seen.append(await session.scalar(select(ApiToken.used_at)))
        return "done"

    response = await fresh_app.test_client().post("/slow", headers=headers)
    assert (response.status_code, [at is not None for at in seen]) == (200, [True])


async def test_mistake_of_ours_in_noting_a_request_is_told(
    app: QuartApp, browser: QuartClient
) -> None:
    await prepare_note(app, "SELECT nothing_of_this_name()")
    assert (await browser.get("/entities/")).status_code == 500


async def test_second_request_of_a_waking_browser_gets_in_without_new_cookies(
    app: QuartApp, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        secrets = await open_session(session, admin, remember=True)
    cookies = []
    for _ in range(2):
        client = app.test_client()
        client.set_cookie("localhost", "remember", str(secrets.remember))
        assert (await client.get("/entities/")).status_code == 200
        cookies.append({cookie.name: cookie.value for cookie in client.cookie_jar})
    assert set(cookies[0]) >= {"quartapp", "remember"}
    assert cookies[0]["remember"] != secrets.remember
    assert cookies[1] == {"remember": secrets.remember}
