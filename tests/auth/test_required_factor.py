"""Who must have a second factor and has none: which routes let them in."""

from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update
from werkzeug.routing import Rule

from quartapp.auth.asker import GIVE_FACTOR
from quartapp.extensions import db
from quartapp.models import User, UserSession, utcnow
from quartapp.security import make_box
from tests.helpers import PASSWORD, add_factor, read_token, sign_in
from tests.security.asking import find_rules
from tests.security.expectations import ROUTES

OPEN = {
    "account.preferences",
    "account.show",
    "auth.confirm",
    "auth.logout",
    "passkey.creation_options",
    "passkey.index",
    "second_factor.new",
    "second_factor.show",
}
# Nobody asks who comes; health.readyz tells administrators more.
FOR_ANYBODY = {"health", "status"}
WORDS = (
    "Your account must have a second factor: turn one on at /account/second-factor,"
    " or add a passkey at /account/passkeys."
)
PAGES_OF_FACTORS = ("second-factor", "second-factor/new", "passkeys")
LED = 303, "/account/second-factor"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"SECOND_FACTOR": "everyone", "RATE_LIMITS": False}


def find_closed(app: Quart) -> list[Rule]:
    return [
        rule
        for rule in find_rules(app)
        if not rule.websocket
        and rule.endpoint not in OPEN
        and rule.endpoint.partition(".")[0] not in FOR_ANYBODY
    ]


def read_cookies(client: QuartClient) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookie_jar)


async def ask(app: Quart, rule: Rule, method: str, cookies: str) -> tuple[int, str]:
    values = dict.fromkeys(rule.arguments, 1) | ROUTES[rule.endpoint].values
    path = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
    client = app.test_client(use_cookies=False)
    response = await client.open(path, method=method, headers={"Cookie": cookies})
    if rule.endpoint.startswith("api_") and method != "HEAD":
        return response.status_code, (await response.get_json())["detail"]
    return response.status_code, response.headers.get("Location", "")


def test_views_that_are_open_are_few(fresh_app: Quart) -> None:
    marked = {
        name
        for name, view in fresh_app.view_functions.items()
        if getattr(view, "open_without_factor", False)
    }
    assert marked == OPEN


async def test_every_other_route_is_closed(app: Quart, browser: QuartClient) -> None:
    cookies, rules = read_cookies(browser), find_closed(app)
    asked = [(rule, method) for rule in rules for method in sorted(rule.methods - {"OPTIONS"})]
    wrong = []
    for rule, method in asked:
        answer = await ask(app, rule, method, cookies)
        is_api = rule.endpoint.startswith("api_")
        due = (
            (403, "" if method == "HEAD" else WORDS) if is_api else (303, "/account/second-factor")
        )
        if answer != due:
            wrong.append((method, str(rule), *answer))
    assert len(asked) > 200
    assert wrong == []


async def make_factor(app: Quart, user: User, *, is_given: bool = True) -> None:
    """Turn a second factor on, in the browsers that are signed in or elsewhere."""
    async with app.app_context(), db.begin() as session:
        await add_factor(session, user, make_box([app.config["SECRET_KEY"]]))
        if is_given:
            await session.execute(update(UserSession).values(factor_at=utcnow()))


async def test_readiness_tells_them_no_more_than_strangers(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    assert await (await browser.get("/readyz")).get_json() == {"status": "ready"}
    await make_factor(app, admin)
    assert "draining" in await (await browser.get("/readyz")).get_json()


async def test_cookie_opens_all_again_once_there_is_one(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await make_factor(app, admin)
    assert (await browser.get("/")).status_code == 200
    assert (await browser.get("/api/v1/users/me")).status_code == 200


async def test_who_need_not_have_one_is_let_in(app: Quart, admin: User) -> None:
    app.config["SECOND_FACTOR"] = "optional"
    browser = await sign_in(app.test_client(), admin.name)
    assert (await browser.get("/")).status_code == 200


# --- where there is one, and a password alone began the session


async def test_browser_of_the_password_alone_is_a_stranger(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await make_factor(app, admin, is_given=False)
    for path in ("/", "/auth/confirm", *(f"/account/{page}" for page in ("", *PAGES_OF_FACTORS))):
        assert (await browser.get(path)).headers["Location"] == f"/auth/login?next={path}"
    response = await browser.get("/api/v1/users/me")
    assert (response.status_code, (await response.get_json())["detail"]) == (401, str(GIVE_FACTOR))
    assert await (await browser.get("/readyz")).get_json() == {"status": "ready"}


async def test_remember_cookie_of_the_password_alone_wakes_a_stranger(
    app: Quart, client: QuartClient, admin: User
) -> None:
    form = {"name": admin.name, "password": PASSWORD, "remember": "y"}
    form["csrf_token"] = await read_token(client, "/auth/login")
    await client.post("/auth/login", form=form)
    await make_factor(app, admin, is_given=False)
    client.delete_cookie("localhost", "quartapp")
    for _ in range(2):  # the second time by the session that the first has woken
        assert (await client.get("/account/")).headers["Location"] == "/auth/login?next=/account/"


async def test_browser_of_the_password_alone_goes_on_where_none_is_asked_for(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await make_factor(app, admin, is_given=False)
    app.config["SECOND_FACTOR"] = "optional"
    assert (await browser.get("/")).status_code == 200
