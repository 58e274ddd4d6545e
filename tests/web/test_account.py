import json
import re

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Role, User, UserSession, utcnow
from quartapp.models.session import FRESH
from quartapp.services.session import open_session
from tests.api.helpers import Api
from tests.helpers import PASSWORD, add_person, make_bearer, read_token, sign_in

NEW = "a better horse battery"


async def read(client: QuartClient, path: str) -> tuple[int, str]:
    response = await client.get(path)
    return response.status_code, await response.get_data(as_text=True)


async def post(client: QuartClient, path: str, page: str, **form: str) -> tuple[int, str]:
    """Send the form that stands on *page*."""
    token = await read_token(client, page)
    response = await client.post(path, form={"csrf_token": token, **form})
    return response.status_code, await response.get_data(as_text=True)


async def test_account_is_shown_to_its_owner(browser: QuartClient) -> None:
    status, page = await read(browser, "/account/")
    assert status == 200
    assert re.findall(r"<dd>(.*)</dd>", page) == ["admin", "none", "admin"]


async def test_what_is_kept_about_a_person_is_a_file(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob")
        headers = await make_bearer(session, admin)
    _, page = await read(browser, "/account/")
    assert 'href="/account/data"' in page

    program = app.test_client(use_cookies=False)
    for client, path, given in (
        (browser, "/account/data", {}),
        (program, "/api/v1/users/me/data", headers),
    ):
        response = await client.get(path, headers=given)
        text = await response.get_data(as_text=True)
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Content-Disposition"] == 'attachment; filename="account.json"'
        assert [row["name"] for row in json.loads(text)["account"]] == ["admin"]
        assert "bob" not in text
        head = await client.head(path, headers=given)
        assert (head.status_code, await head.get_data()) == (200, b"")


async def test_file_asks_for_the_password_after_a_while(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(UserSession).values(confirmed_at=utcnow() - FRESH))
    response = await browser.get("/account/data")

    assert response.status_code == 303
    assert response.headers["Location"].endswith("?next=/account/data")
    assert (await browser.get("/api/v1/users/me/data")).status_code == 403


# --- password


async def test_new_password_signs_every_other_browser_out(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    other = await sign_in(app.test_client(), "admin")
    form = {"current_password": PASSWORD, "password": NEW}
    assert (await post(browser, "/account/password", "/account/password", **form))[0] == 303

    assert (await browser.get("/account/")).status_code == 200
    assert (await other.get("/account/")).status_code == 303
    client = app.test_client()
    token = await read_token(client, "/auth/login")
    for password, status in ((PASSWORD, 422), (NEW, 303)):
        login = {"name": "admin", "password": password, "csrf_token": token}
        assert (await client.post("/auth/login", form=login)).status_code == status


@pytest.mark.parametrize(
    ("current", "password", "words"),
    [
        ("not this one", NEW, "This is not your password."),
        (PASSWORD, "short", "A password has 15 to 128 characters."),
        (PASSWORD, "adminadminadmin", "Many people use this password"),
    ],
)
async def test_wrong_or_weak_password_changes_nothing(
    app: Quart, browser: QuartClient, current: str, password: str, words: str
) -> None:
    form = {"current_password": current, "password": password}
    status, page = await post(browser, "/account/password", "/account/password", **form)
    assert (status, words in page) == (422, True)
    await sign_in(app.test_client(), "admin")


# --- browsers


async def test_browsers_are_listed_and_one_is_signed_out(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await open_session(session, admin, browser="Lynx <b>2</b>", address="192.0.2.7")
    _, page = await read(browser, "/account/sessions")
    assert page.count("this one") == 1
    assert "Lynx &lt;b&gt;2&lt;/b&gt;" in page
    assert "192.0.2.7" in page

    other = max(re.findall(r"/account/sessions/(\d+)/remove", page), key=int)
    path = f"/account/sessions/{other}/remove"
    assert (await post(browser, path, "/account/sessions"))[0] == 303
    assert "Lynx" not in (await read(browser, "/account/sessions"))[1]


async def test_own_browser_may_be_signed_out_there_too(browser: QuartClient) -> None:
    _, page = await read(browser, "/account/sessions")
    (own,) = re.findall(r"/account/sessions/(\d+)/remove", page)
    await post(browser, f"/account/sessions/{own}/remove", "/account/sessions")
    assert (await browser.get("/account/")).status_code == 303


async def test_every_other_browser_is_signed_out_at_once(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    others = [await sign_in(app.test_client(), "admin") for _ in range(2)]
    await post(browser, "/account/sessions/remove", "/account/sessions")
    statuses = [(await client.get("/account/")).status_code for client in [browser, *others]]
    assert statuses == [200, 303, 303]


@pytest.mark.parametrize("name", ["quartapp", "remember"])
async def test_copy_of_a_cookie_is_void_once_the_other_browsers_are_signed_out(
    app: Quart, admin: User, name: str
) -> None:
    client, thief = app.test_client(), app.test_client()
    form = {"name": "admin", "password": PASSWORD, "remember": "y"}
    assert (await post(client, "/auth/login", "/auth/login", **form))[0] == 303
    stolen = {cookie.name: cookie.value for cookie in client.cookie_jar}[name]
    thief.set_cookie("localhost", name, str(stolen))
    await post(client, "/account/sessions/remove", "/account/sessions")

    assert (await client.get("/account/")).status_code == 200
    assert (await thief.get("/account/")).status_code == 303


@pytest.mark.parametrize("path", ["/account/sessions/remove", "/account/sessions/1/remove"])
async def test_signing_browsers_out_asks_for_the_password_after_a_while(
    app: Quart, browser: QuartClient, path: str
) -> None:
    other = await sign_in(app.test_client(), "admin")
    async with app.app_context(), db.begin() as session:
        await session.execute(update(UserSession).values(confirmed_at=utcnow() - FRESH))
    token = await read_token(browser, "/account/sessions")
    response = await browser.post(path, form={"csrf_token": token})

    assert response.headers["Location"] == "/auth/confirm"
    assert (await browser.get("/account/")).status_code == 200
    assert (await other.get("/account/")).status_code == 200


async def test_browser_of_another_cannot_be_signed_out(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob", role=Role.VIEWER)
    bob = await sign_in(app.test_client(), "bob")
    _, page = await read(browser, "/account/sessions")
    (foreign,) = re.findall(r"/account/sessions/(\d+)/remove", page)
    path = f"/account/sessions/{foreign}/remove"
    assert (await post(bob, path, "/account/sessions"))[0] == 404
    assert (await browser.get("/account/")).status_code == 200


# --- programs


async def test_token_is_made_shown_once_and_revoked(app: Quart, browser: QuartClient) -> None:
    form = {"name": "laptop", "scope": "read"}
    status, page = await post(browser, "/account/tokens/new", "/account/tokens/new", **form)
    (secret,) = re.findall(r"qa_[\w-]{51}", page)
    assert status == 201
    caller = Api(app, {"Authorization": f"Bearer {secret}"})
    assert (await caller("GET", "/tokens"))[0] == 200

    _, page = await read(browser, "/account/tokens")
    assert secret not in page
    assert f"{secret[:8]}…" in page
    (path,) = re.findall(r"/account/tokens/\d+/remove", page)
    assert (await post(browser, path, "/account/tokens"))[0] == 303
    assert (await caller("GET", "/tokens"))[0] == 401


async def test_only_administrators_are_offered_the_scope_admin(
    app: Quart, browser: QuartClient
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
    ann = await sign_in(app.test_client(), "ann")
    offered = [
        re.findall(r'<option[^>]* value="(\w+)"', (await read(client, "/account/tokens/new"))[1])
        for client in (browser, ann)
    ]
    assert offered == [["read", "write", "admin"], ["read", "write"]]
    form = {"name": "x", "scope": "admin"}
    assert (await post(ann, "/account/tokens/new", "/account/tokens/new", **form))[0] == 422


async def test_making_a_token_asks_for_the_password_after_a_while(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quartapp.models.session.FRESH", FRESH * 0)
    response = await browser.get("/account/tokens/new")
    assert response.status_code == 303
    assert response.headers["Location"] == "/auth/confirm?next=/account/tokens/new"


@pytest.mark.parametrize(
    "path", ["/account/sessions/1/remove", "/account/sessions/remove", "/account/tokens/1/remove"]
)
async def test_button_without_the_token_of_its_page_is_refused(
    browser: QuartClient, path: str
) -> None:
    assert (await browser.post(path)).status_code == 403


async def test_wishes_are_kept(browser: QuartClient) -> None:
    wishes = {"language": "ru", "theme": "dark"}
    status, _ = await post(browser, "/account/preferences", "/account/", **wishes)
    _, text = await read(browser, "/account/")

    assert status == 303
    assert re.findall(r'<option selected value="(\w+)">', text) == ["ru", "dark"]
    assert '<html lang="ru" data-theme="dark">' in text
    assert '<meta name="color-scheme" content="dark">' in text


async def test_wish_for_what_there_is_not_is_refused(browser: QuartClient) -> None:
    status, text = await post(
        browser, "/account/preferences", "/account/", language="xx", theme="pink"
    )
    assert (status, text.count('class="errors"')) == (422, 2)
