"""What people do on the pages is in the audit log, with their address."""

from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import User
from quartapp.security import make_box
from tests.api.helpers import Api
from tests.authenticator import Authenticator
from tests.helpers import PASSWORD, add_factor, sign_in
from tests.services.events import Event, list_events
from tests.web.second_step import give_code, give_password, turn_on
from tests.web.test_account import post
from tests.web.test_passkeys import add, use

HERE = "<local>"  # the address of the test client


async def test_coming_and_going_is_recorded(app: Quart, client: QuartClient, admin: User) -> None:
    wrong = {"name": "admin", "password": "wrong"}
    assert (await post(client, "/auth/login", "/auth/login", **wrong))[0] == 422
    await sign_in(client, "admin")
    assert (await post(client, "/auth/confirm", "/auth/confirm", password="wrong"))[0] == 422
    await post(client, "/auth/logout", "/account/")

    async with app.app_context():
        assert await list_events() == [
            Event("", "login-failed", "admin", "", HERE),
            Event("admin", "login", "admin", "password", HERE),
            Event("", "login-failed", "admin", "", HERE),
            Event("admin", "logout", "admin", "", HERE),
        ]


async def test_what_somebody_changes_of_the_own_account_is_recorded(
    app: Quart, browser: QuartClient
) -> None:
    wrong = {"current_password": "wrong", "password": "a better horse battery"}
    await post(browser, "/account/password", "/account/password", **wrong)
    right = {**wrong, "current_password": PASSWORD}
    await post(browser, "/account/password", "/account/password", **right)
    await post(browser, "/account/tokens/new", "/account/tokens/new", name="x", scope="read")
    await post(browser, "/account/sessions/remove", "/account/sessions")

    async with app.app_context():
        assert (await list_events())[1:] == [
            Event("", "login-failed", "admin", "", HERE),
            Event("admin", "password-changed", "admin", "", HERE),
            Event("admin", "token-made", "admin", "x (read)", HERE),
            Event("admin", "sessions-ended", "admin", "", HERE),
        ]


async def test_what_somebody_signed_in_with_is_recorded(app: Quart, browser: QuartClient) -> None:
    device, client = Authenticator(), app.test_client()
    await add(browser, device)
    assert await use(client, device) == (303, "/")
    device.origin = "https://evil.test"
    assert await use(app.test_client(), device) == (303, "/auth/login")
    _, codes = await turn_on(app, browser)
    client = app.test_client()
    await give_code(client, await give_password(client), codes[0])

    async with app.app_context():
        events = [event for event in await list_events() if event.action.startswith("login")]
    assert events == [
        Event("admin", "login", "admin", "password", HERE),
        Event("admin", "login", "admin", "passkey", HERE),
        Event("", "login-failed", "admin", "passkey", HERE),
        Event("admin", "login", "admin", "password and code", HERE),
    ]


async def test_wrong_password_in_the_api_is_recorded(
    app: Quart, client: QuartClient, admin: User
) -> None:
    sent = {"username": "admin", "password": "wrong"}
    assert (await Api(app, {})("POST", "/tokens", json=sent))[0] == 401

    async with app.app_context():
        assert await list_events() == [Event("", "login-failed", "admin", "", HERE)]


async def test_wrong_code_is_recorded_on_the_page_and_in_the_api(
    app: Quart, client: QuartClient, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_factor(session, admin, make_box([app.config["SECRET_KEY"]]))
    assert (await give_code(client, await give_password(client), "000000"))[0] == 422
    sent = {"username": "admin", "password": PASSWORD, "code": "000000"}
    assert (await Api(app, {})("POST", "/tokens", json=sent))[0] == 401

    async with app.app_context():
        assert (await list_events())[1:] == [Event("", "code-failed", "admin", "", HERE)] * 2
