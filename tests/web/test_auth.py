import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import User
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
        assert (status, "This set-up link is used, expired or wrong." in page) == (403, True)


async def test_wrong_setup_form_leaves_the_link_alive(app: Quart, client: QuartClient) -> None:
    link = await make_link(app)
    status, page = await set_up(client, link, password="short")
    assert (status, "Field must be between 15 and 128" in page) == (422, True)
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
