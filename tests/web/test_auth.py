from datetime import timedelta

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select, update

from quartapp.extensions import db
from quartapp.models import User, UserSession, utcnow
from quartapp.models.session import GRACE
from quartapp.services.user import add_setup_token
from tests.helpers import PASSWORD, read_token, sign_in


async def make_link(app: Quart) -> str:
    async with app.app_context(), db.begin() as session:
        return f"/auth/setup?token={await add_setup_token(session)}"


async def set_up(client: QuartClient, link: str, **changes: str) -> tuple[int, str]:
    token = await read_token(client, link)
    form = {"token": link.partition("=")[2], "name": "root", "password": PASSWORD}
    response = await client.post("/auth/setup", form=form | {"csrf_token": token} | changes)
    return response.status_code, await response.get_data(as_text=True)


async def test_setup_link_makes_the_administrator_and_signs_in(
    app: Quart, client: QuartClient
) -> None:
    link = await make_link(app)
    assert (await set_up(client, link))[0] == 303
    page = await (await client.get("/entities/")).get_data(as_text=True)
    assert "Sign out root" in page
    assert "Welcome." in page


async def test_setup_link_dies_when_used(app: Quart, client: QuartClient) -> None:
    link = await make_link(app)
    other = await make_link(app)
    await set_up(client, link)
    for used in (link, other):
        status, page = await set_up(app.test_client(), used, name="second")
        assert (status, "This link is used, expired or wrong." in page) == (400, True)


async def test_wrong_setup_form_leaves_the_link_alive(app: Quart, client: QuartClient) -> None:
    link = await make_link(app)
    status, page = await set_up(client, link, password="short")
    assert (status, "A password has 15 to 128 characters." in page) == (422, True)
    assert (await set_up(client, link))[0] == 303


async def test_login_leads_where_somebody_wanted_to_go(client: QuartClient, admin: User) -> None:
    path = "/auth/login?next=/entities/?q%3Da"
    form = {"name": "admin", "password": PASSWORD, "csrf_token": await read_token(client, path)}
    response = await client.post(path, form=form)
    assert (response.status_code, response.headers["Location"]) == (303, "/entities/?q=a")


@pytest.mark.parametrize(("name", "password"), [("admin", "not this one"), ("nobody", PASSWORD)])
async def test_wrong_login_gets_one_answer(
    client: QuartClient, admin: User, name: str, password: str
) -> None:
    token = await read_token(client, "/auth/login")
    form = {"name": name, "password": password, "csrf_token": token}
    response = await client.post("/auth/login", form=form)
    page = await response.get_data(as_text=True)
    assert response.status_code == 422
    assert "Unknown name or wrong password." in page
    assert password not in page


async def test_logout_ends_the_session_for_good(app: Quart, admin: User) -> None:
    browser = await sign_in(app.test_client(), "admin")
    kept = {cookie.name: cookie.value for cookie in browser.cookie_jar}
    token = await read_token(browser, "/entities/")
    response = await browser.post("/auth/logout", form={"csrf_token": token})
    assert response.status_code == 303
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'

    thief = app.test_client()
    thief.set_cookie("localhost", "quartapp", kept["quartapp"])
    assert (await thief.get("/entities/")).status_code == 303


async def test_logout_without_a_token_is_refused(browser: QuartClient) -> None:
    assert (await browser.post("/auth/logout")).status_code == 403
    assert (await browser.get("/entities/")).status_code == 200


async def test_login_gives_the_form_a_new_token(app: Quart, admin: User) -> None:
    client = app.test_client()
    old = await read_token(client, "/auth/login")
    await sign_in(client, "admin")
    form = {"name": "a", "url": "http://a.test/", "csrf_token": old}
    assert (await client.post("/entities/new", form=form)).status_code == 403


async def test_cookies_are_for_this_site_and_no_script(app: Quart, admin: User) -> None:
    client = app.test_client()
    await read_token(client, "/auth/login")
    await sign_in(client, "admin")
    for cookie in client.cookie_jar:
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("name", ["admin", "Ann@example.org"])
async def test_name_and_address_let_a_person_in(app: Quart, admin: User, name: str) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(email="ann@example.org"))
    await sign_in(app.test_client(), name)


# --- remembered


async def sign_in_for_long(app: Quart) -> QuartClient:
    client = app.test_client()
    token = await read_token(client, "/auth/login")
    form = {"name": "admin", "password": PASSWORD, "csrf_token": token, "remember": "y"}
    assert (await client.post("/auth/login", form=form)).status_code == 303
    return client


def read_cookie(client: QuartClient, name: str) -> str | None:
    found = {cookie.name: cookie.value for cookie in client.cookie_jar}
    return found.get(name)


async def is_in(client: QuartClient) -> bool:
    return (await client.get("/entities/")).status_code == 200


async def test_remembered_browser_gets_in_again_after_it_was_closed(
    app: Quart, admin: User
) -> None:
    client = await sign_in_for_long(app)
    first = read_cookie(client, "remember")
    client.delete_cookie("localhost", "quartapp")

    assert await is_in(client)
    second = read_cookie(client, "remember")
    assert second not in (None, first)
    assert read_cookie(client, "quartapp")
    client.delete_cookie("localhost", "quartapp")
    assert await is_in(client)
    assert read_cookie(client, "remember") not in (None, first, second)


async def test_form_sent_from_a_sleeping_browser_wakes_it(app: Quart, admin: User) -> None:
    client = await sign_in_for_long(app)
    client.delete_cookie("localhost", "quartapp")
    form = {"name": "a", "url": "http://a.test/", "csrf_token": "old"}
    assert (await client.post("/entities/new", form=form)).status_code == 403
    assert await is_in(client)


async def test_copy_of_an_old_remember_cookie_ends_the_session(app: Quart, admin: User) -> None:
    client = await sign_in_for_long(app)
    stolen = read_cookie(client, "remember")
    client.delete_cookie("localhost", "quartapp")
    assert await is_in(client)
    async with app.app_context(), db.begin() as session:
        long_ago = utcnow() - GRACE - timedelta(seconds=1)
        await session.execute(update(UserSession).values(woken_at=long_ago))

    thief = app.test_client()
    thief.set_cookie("localhost", "remember", str(stolen))
    assert not await is_in(thief)
    assert read_cookie(thief, "remember") is None
    assert not await is_in(client)


async def test_login_without_being_remembered_ends_with_the_browser(
    app: Quart, admin: User
) -> None:
    client = await sign_in(app.test_client(), "admin")
    (cookie,) = (cookie for cookie in client.cookie_jar if cookie.name == "quartapp")
    assert (cookie.expires, read_cookie(client, "remember")) == (None, None)


async def test_logout_forgets_the_browser(app: Quart, admin: User) -> None:
    client = await sign_in_for_long(app)
    kept = str(read_cookie(client, "remember"))
    token = await read_token(client, "/entities/")
    await client.post("/auth/logout", form={"csrf_token": token})

    assert read_cookie(client, "remember") is None
    thief = app.test_client()
    thief.set_cookie("localhost", "remember", kept)
    assert not await is_in(thief)


@pytest.mark.parametrize("path", ["/entities/", "/entities/new"])
async def test_request_is_noted_once_a_minute(app: Quart, browser: QuartClient, path: str) -> None:
    form = {"name": "a", "url": "http://a.test/", "csrf_token": await read_token(browser, path)}
    async with app.app_context(), db.begin() as session:
        await session.execute(update(UserSession).values(seen_at=utcnow() - timedelta(hours=1)))

    writes = path.endswith("new")
    response = await (browser.post(path, form=form) if writes else browser.get(path))
    async with app.app_context(), db.begin() as session:
        seen = await session.scalar(select(UserSession.seen_at))

    assert response.status_code == (303 if writes else 200)
    assert seen is not None
    assert seen > utcnow() - timedelta(minutes=1)


# --- confirmed


async def test_confirmed_password_gives_the_browser_a_new_secret(
    app: Quart, browser: QuartClient
) -> None:
    before = read_cookie(browser, "quartapp")
    for password, status in (("not this one", 422), (PASSWORD, 303)):
        token = await read_token(browser, "/auth/confirm")
        form = {"password": password, "csrf_token": token}
        response = await browser.post("/auth/confirm?next=/entities/?page%3D1", form=form)
        assert response.status_code == status
    assert response.headers["Location"] == "/entities/?page=1"
    assert read_cookie(browser, "quartapp") != before
    assert await is_in(browser)
    thief = app.test_client()
    thief.set_cookie("localhost", "quartapp", str(before))
    assert not await is_in(thief)


async def test_copy_of_the_remember_cookie_is_void_once_the_password_is_given_again(
    app: Quart, admin: User
) -> None:
    client = await sign_in_for_long(app)
    stolen = str(read_cookie(client, "remember"))
    form = {"password": PASSWORD, "csrf_token": await read_token(client, "/auth/confirm")}
    assert (await client.post("/auth/confirm", form=form)).status_code == 303

    assert read_cookie(client, "remember") not in (None, stolen)
    client.delete_cookie("localhost", "quartapp")
    assert await is_in(client)
    thief = app.test_client()
    thief.set_cookie("localhost", "remember", stolen)
    assert not await is_in(thief)
