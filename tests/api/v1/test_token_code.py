"""A token for who has a second factor."""

import pytest
import pytest_asyncio
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Passkey, User
from quartapp.security import make_box
from tests.api.helpers import Api
from tests.helpers import PASSWORD, add_factor, make_code

LOGIN = {"username": "admin", "password": PASSWORD}


@pytest_asyncio.fixture
async def factor(app: Quart, admin: User) -> tuple[str, list[str]]:
    async with app.app_context(), db.begin() as session:
        return await add_factor(session, admin, make_box([app.config["SECRET_KEY"]]))


async def test_password_alone_is_told_that_a_code_is_needed(
    stranger: Api, factor: tuple[str, list[str]]
) -> None:
    status, problem = await stranger("POST", "/tokens", json=LOGIN)
    assert (status, problem["title"]) == (401, "Send a code")
    assert problem["detail"] == (
        "This account has a second factor: send a code of it, too, as code."
    )


async def test_wrong_password_tells_nothing_of_it(
    stranger: Api, factor: tuple[str, list[str]]
) -> None:
    data = {**LOGIN, "password": "wrong", "code": make_code(factor[0])}
    status, problem = await stranger("POST", "/tokens", json=data)
    assert (status, problem["detail"]) == (401, "Unknown name or wrong password.")


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_code_works_once(stranger: Api, factor: tuple[str, list[str]], kind: str) -> None:
    data = {**LOGIN, "code": make_code(factor[0]) if kind == "app" else factor[1][0]}
    answers = [await stranger("POST", "/tokens", json=data) for _ in range(2)]
    assert [status for status, _ in answers] == [201, 401]
    assert answers[1][1]["detail"] == "This code is wrong, expired or used."


async def test_code_that_nobody_asked_for_does_no_harm(stranger: Api, admin: User) -> None:
    assert (await stranger("POST", "/tokens", json={**LOGIN, "code": "000000"}))[0] == 201


# --- where a second factor is required


@pytest.fixture
def _required(app: Quart) -> None:
    app.config["SECOND_FACTOR"] = "everyone"


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("passkeys", [0, 1])
async def test_password_alone_makes_no_token_where_two_are_required(
    app: Quart, stranger: Api, admin: User, passkeys: int
) -> None:
    key = {"name": "phone", "credential_id": "a", "public_key": b"", "transports": ""}
    async with app.app_context(), db.begin() as session:
        rows = [Passkey(user_id=admin.id, sign_count=0, **key) for _ in range(passkeys)]
        session.add_all(rows)
    status, problem = await stranger("POST", "/tokens", json=LOGIN)
    assert (status, problem["title"]) == (403, "A second factor is needed")
    assert problem["detail"] == (
        "Your account must have a second factor, and a password alone makes no token:"
        " sign in with one in a browser, and make the token at /account/tokens/new."
    )


@pytest.mark.usefixtures("_required")
async def test_code_makes_a_token_where_two_are_required(
    stranger: Api, factor: tuple[str, list[str]]
) -> None:
    data = {**LOGIN, "code": make_code(factor[0])}
    assert (await stranger("POST", "/tokens", json=data))[0] == 201


@pytest.mark.usefixtures("_required")
async def test_token_made_before_goes_on_working(api: Api) -> None:
    assert (await api("GET", "/users/me"))[0] == 200
    site = {"name": "a", "url": "https://example.org/"}
    assert (await api("POST", "/entities", json=site))[0] == 201
