"""Where a second factor is required: how a person who has none gets one, and keeps it."""

import re
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import User, UserSession
from quartapp.services.account import reset_password
from quartapp.services.people import forget_factors
from tests.authenticator import Authenticator
from tests.helpers import PASSWORD, add_person, make_code, sign_in
from tests.web.second_step import give_code, give_password, post, turn_on
from tests.web.test_passkeys import OWN, add, read, use

SHOW, LOGIN = "/account/second-factor", "/auth/login"
WORDS = (
    "Your account must have a second factor: turn one on at /account/second-factor,"
    " or add a passkey at /account/passkeys."
)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"SECOND_FACTOR": "everyone"}


async def is_in(client: QuartClient) -> bool:
    return (await client.get("/")).status_code == 200


async def find_lead(client: QuartClient, path: str = "/") -> str:
    response = await client.get(path)
    return f"{response.status_code} {response.headers.get('Location', '')}"


async def test_password_leads_to_making_one_and_no_further(
    app: Quart, browser: QuartClient
) -> None:
    assert await find_lead(browser, "/entities/") == f"303 {SHOW}"
    assert WORDS in await read(browser, SHOW)
    secret, _ = await turn_on(app, browser)
    assert await is_in(browser)

    client = app.test_client()
    assert await give_code(client, await give_password(client), make_code(secret)) == (303, "/")
    assert await is_in(client)


async def test_passkey_is_enough_and_ends_browsers_of_the_password_alone(
    app: Quart, browser: QuartClient
) -> None:
    other, device = await sign_in(app.test_client(), "admin"), Authenticator()
    assert await add(browser, device) == (303, OWN)
    assert [await is_in(browser), await is_in(other)] == [True, False]

    client = app.test_client()
    assert await give_password(client, "?next=/entities/") == f"{LOGIN}?next=/entities/"
    assert "Sign in by your passkey: a password is not enough here." in await read(client, LOGIN)
    assert await find_lead(client) == f"303 {LOGIN}?next=/"
    assert await use(client, device) == (303, "/")
    assert await is_in(client)


async def test_language_and_the_way_out_are_open(browser: QuartClient) -> None:
    wishes = {"language": "zh", "theme": "dark"}
    assert await post(browser, "/account/preferences", "/account/", **wishes) == (303, "/account/")
    assert 'lang="zh"' in await read(browser, SHOW)
    assert await post(browser, "/auth/logout", SHOW) == (303, LOGIN)


async def test_who_turns_theirs_off_is_led_back(app: Quart, browser: QuartClient) -> None:
    await turn_on(app, browser)
    page = await read(browser, f"{SHOW}/remove")
    assert "unless you have a passkey, turn another one on before you go on" in page
    assert "Your password alone" not in page
    path = f"{SHOW}/remove"
    assert await post(browser, path, path, password=PASSWORD) == (303, SHOW)
    page = await read(browser, SHOW)
    assert "It is off. Unless you have a passkey, turn on another before you go on." in page
    assert await find_lead(browser) == f"303 {SHOW}"


async def test_who_removes_the_last_passkey_is_led_back(app: Quart, browser: QuartClient) -> None:
    await add(browser, Authenticator())
    assert await is_in(browser)
    (path,) = re.findall(rf"{OWN}/\d+/remove", await read(browser, OWN))
    assert await post(browser, path, OWN) == (303, OWN)
    assert await find_lead(browser) == f"303 {SHOW}"


async def test_administrators_alone_may_be_asked(app: Quart, browser: QuartClient) -> None:
    app.config["SECOND_FACTOR"] = "admins"
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
    assert [await is_in(await sign_in(app.test_client(), "ann")), await is_in(browser)] == [
        True,
        False,
    ]


async def test_who_has_lost_theirs_makes_another(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await turn_on(app, browser)
    async with app.app_context(), db.begin() as session:
        token = await forget_factors(session, await session.get_one(User, admin.id), None)
        found = await session.get_one(User, admin.id)
        await reset_password(session, token, admin.password_hash)
        assert found.password_hash == admin.password_hash
    client = await sign_in(app.test_client(), "admin")
    assert await find_lead(client) == f"303 {SHOW}"
    await turn_on(app, client)
    assert await is_in(client)


# --- when it is asked for later


async def test_browser_of_the_password_alone_is_asked_for_the_passkey_once(
    app: Quart, browser: QuartClient
) -> None:
    app.config["SECOND_FACTOR"] = "optional"
    device = Authenticator()
    await add(browser, device)
    client = await sign_in(app.test_client(), "admin")
    assert [await is_in(browser), await is_in(client)] == [True, True]

    app.config["SECOND_FACTOR"] = "everyone"
    assert [await is_in(browser), await is_in(client)] == [True, False]
    assert await find_lead(client, OWN) == f"303 {LOGIN}?next={OWN}"  # nor can it make another
    page = await read(client, LOGIN)
    assert "Sign in again, with your second factor: a password is not enough here." in page
    assert await use(client, device, "?next=/entities/") == (303, "/entities/")
    assert await is_in(client)
    page = await read(client, "/account/sessions")
    assert page.count("/remove") - page.count("/account/sessions/remove") == 2  # none is left over


async def test_browser_of_the_password_and_the_code_goes_on(
    app: Quart, browser: QuartClient
) -> None:
    app.config["SECOND_FACTOR"] = "optional"
    secret, codes = await turn_on(app, browser)
    client = app.test_client()
    await give_code(client, await give_password(client), make_code(secret))
    async with app.app_context(), db.begin() as session:
        await session.execute(update(UserSession).values(factor_at=None))
    confirm = "/auth/confirm"
    given = {"password": PASSWORD, "code": codes[0]}
    assert await post(client, confirm, confirm, **given) == (303, "/")

    app.config["SECOND_FACTOR"] = "everyone"
    assert [await is_in(browser), await is_in(client)] == [False, True]
