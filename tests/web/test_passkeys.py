from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.auth import tickets
from quartapp.extensions import db
from quartapp.models import User, utcnow
from quartapp.models.session import FRESH
from tests.authenticator import Authenticator
from tests.helpers import add_person, read_token, sign_in
from tests.web.second_step import post, turn_on

OWN, LOGIN = "/account/passkeys", "/auth/login"


async def fetch(client: QuartClient, path: str, page: str) -> str:
    """Ask for options as the script does."""
    headers = {"X-CSRFToken": await read_token(client, page), "Accept": "application/json"}
    response = await client.post(path, headers=headers)
    text: str = await response.get_data(as_text=True)
    assert (response.status_code, response.content_type) == (200, "application/json"), text
    return text


async def add(browser: QuartClient, device: Authenticator, name: str = "phone") -> Any:
    answer = device.create(await fetch(browser, f"{OWN}/options", OWN))
    return await post(browser, OWN, OWN, answer=answer, name=name)


async def use(client: QuartClient, device: Authenticator, query: str = "", **form: str) -> Any:
    answer = device.get(await fetch(client, "/auth/passkey/options", LOGIN))
    return await post(client, f"/auth/passkey{query}", LOGIN, answer=answer, **form)


async def read(client: QuartClient, path: str) -> str:
    text: str = await (await client.get(path)).get_data(as_text=True)
    return text


async def is_in(client: QuartClient) -> bool:
    return (await client.get("/account/")).status_code == 200


# --- signing in


async def test_passkey_signs_in_where_somebody_wanted_to_go(
    app: Quart, browser: QuartClient
) -> None:
    device = Authenticator()
    assert await add(browser, device) == (303, OWN)
    client = app.test_client()
    assert await use(client, device, "?next=/entities/?q%3Da") == (303, "/entities/?q=a")
    assert await is_in(client)
    assert (await client.get(OWN)).status_code == 200  # the login is fresh


async def test_passkey_is_both_factors(app: Quart, browser: QuartClient) -> None:
    device = Authenticator()
    await add(browser, device)
    await turn_on(app, browser)
    client = app.test_client()
    assert await use(client, device) == (303, "/")
    assert await is_in(client)


@pytest.mark.parametrize("wish", ["y", ""])
async def test_wish_to_be_remembered_counts(app: Quart, browser: QuartClient, wish: str) -> None:
    device, client = Authenticator(), app.test_client()
    await add(browser, device)
    await use(client, device, remember=wish)
    assert ("remember" in {cookie.name for cookie in client.cookie_jar}) is bool(wish)


async def test_unknown_passkey_leads_back_to_the_login(app: Quart, client: QuartClient) -> None:
    device = Authenticator()
    device.handle = b"1"
    assert await use(client, device, "?next=/entities/") == (303, f"{LOGIN}?next=/entities/")
    assert "This passkey is not known here" in await read(client, LOGIN)
    assert not await is_in(client)


async def test_challenge_is_asked_for_once(app: Quart, browser: QuartClient) -> None:
    device, client = Authenticator(), app.test_client()
    await add(browser, device)
    options = await fetch(client, "/auth/passkey/options", LOGIN)
    right, device.handle = device.get(options), b"1000"
    for sent in (device.get(options), right):
        assert await post(client, "/auth/passkey", LOGIN, answer=sent) == (303, LOGIN)
    assert "That took too long; try again." in await read(client, LOGIN)
    assert not await is_in(client)


async def test_copied_cookie_and_answer_sign_nobody_in_again(
    app: Quart, browser: QuartClient
) -> None:
    device, client, thief = Authenticator(counts=False), app.test_client(), app.test_client()
    await add(browser, device)
    answer = device.get(await fetch(client, "/auth/passkey/options", LOGIN))
    form = {"answer": answer, "csrf_token": await read_token(client, LOGIN)}
    (cookie,) = (cookie for cookie in client.cookie_jar if cookie.name == "session")
    thief.set_cookie("localhost", "session", str(cookie.value))
    for one, target in ((client, "/"), (thief, LOGIN)):
        response = await one.post("/auth/passkey", form=form)
        assert (response.status_code, response.headers["Location"]) == (303, target)


async def test_answer_comes_within_five_minutes(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, client = Authenticator(), app.test_client()
    await add(browser, device)
    monkeypatch.setattr(tickets, "LIFE", -1)
    assert await use(client, device) == (303, LOGIN)


async def test_disabled_account_stays_out(app: Quart, browser: QuartClient) -> None:
    device = Authenticator()
    await add(browser, device)
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(disabled_at=utcnow()))
    assert await use(app.test_client(), device) == (303, LOGIN)


async def test_passkey_works_at_its_own_address_only(app: Quart, browser: QuartClient) -> None:
    device = Authenticator()
    await add(browser, device)
    device.origin = "http://localhost:8000"
    assert await use(app.test_client(), device) == (303, LOGIN)


async def test_public_address_counts_whatever_the_request_says(
    app: Quart, browser: QuartClient
) -> None:
    app.config["PUBLIC_URL"] = "https://sites.example.org:8443/below"
    device = Authenticator("https://sites.example.org:8443")
    assert await add(browser, device) == (303, OWN)
    assert (await add(browser, Authenticator()))[0] == 400
    assert await use(app.test_client(), device) == (303, "/")


# --- one's own


async def test_passkeys_are_listed_and_removed(app: Quart, browser: QuartClient) -> None:
    device = Authenticator()
    assert "You have no passkey." in await read(browser, OWN)
    await add(browser, device, "<b>phone</b>")
    page = await read(browser, OWN)
    assert "<strong>&lt;b&gt;phone&lt;/b&gt;</strong>" in page
    assert "never used" in page
    path = page.partition('action="' + OWN)[2].partition('"')[0]
    assert await post(browser, OWN + path, OWN) == (303, OWN)
    assert "You have no passkey." in await read(browser, OWN)
    assert await use(app.test_client(), device) == (303, LOGIN)


async def test_passkey_without_a_name_is_not_added(browser: QuartClient) -> None:
    status, page = await add(browser, Authenticator(), " ")
    assert (status, "This field is required." in page) == (422, True)
    assert "You have no passkey." in page


async def test_challenge_of_another_makes_nothing(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
    ann = await sign_in(app.test_client(), "ann")
    answer = Authenticator().create(await fetch(browser, f"{OWN}/options", OWN))
    (cookie,) = (cookie for cookie in browser.cookie_jar if cookie.name == "session")
    ann.set_cookie("localhost", "session", str(cookie.value))
    assert (await post(ann, OWN, OWN, answer=answer, name="x"))[0] == 400


async def test_passkey_of_another_is_not_there(app: Quart, browser: QuartClient) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
    ann = await sign_in(app.test_client(), "ann")
    await add(browser, Authenticator())
    assert (await post(ann, f"{OWN}/1/remove", OWN))[0] == 404
    assert "phone" in await read(browser, OWN)


async def test_page_asks_for_the_password_after_a_while(
    browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quartapp.models.session.FRESH", FRESH * 0)
    response = await browser.get(OWN)
    assert response.headers["Location"] == f"/auth/confirm?next={OWN}"
    for path in (OWN, f"{OWN}/options", f"{OWN}/1/remove"):
        assert (await browser.post(path)).headers["Location"] == "/auth/confirm"


@pytest.mark.parametrize("path", [OWN, f"{OWN}/options", f"{OWN}/1/remove"])
async def test_own_pages_want_the_token(browser: QuartClient, path: str) -> None:
    assert (await browser.post(path)).status_code == 403


@pytest.mark.parametrize("path", ["/auth/passkey", "/auth/passkey/options"])
async def test_login_wants_the_token(client: QuartClient, path: str) -> None:
    assert (await client.post(path)).status_code == 403
