import asyncio

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.user import add_setup_token
from tests.api.helpers import Api
from tests.helpers import PASSWORD


async def make_setup_token(app: Quart) -> str:
    async with app.app_context(), db.begin() as session:
        return await add_setup_token(session)


async def test_setup_token_makes_the_first_administrator(app: Quart, stranger: Api) -> None:
    data = {"token": await make_setup_token(app), "name": "root", "password": PASSWORD}
    status, made = await stranger("POST", "/setup", json=data)
    assert (status, made["token"][:3], made["name"]) == (201, "qa_", "Set-up")

    caller = Api(app, {"Authorization": f"Bearer {made['token']}"})
    status, page = await caller("GET", "/entities")
    assert (status, page["items"]) == (200, [])


async def test_setup_token_works_once(app: Quart, stranger: Api) -> None:
    token = await make_setup_token(app)
    other = await make_setup_token(app)
    data = {"token": token, "name": "root", "password": PASSWORD}
    assert (await stranger("POST", "/setup", json=data))[0] == 201
    for used in (token, other, "x"):
        status, body = await stranger("POST", "/setup", json=data | {"token": used, "name": "b"})
        assert (status, body["detail"]) == (403, "This set-up link is used, expired or wrong.")


async def test_of_many_who_set_up_at_once_one_succeeds(app: Quart, stranger: Api) -> None:
    tokens = [await make_setup_token(app) for _ in range(10)]
    async with asyncio.TaskGroup() as tasks:
        calls = [
            tasks.create_task(
                stranger(
                    "POST",
                    "/setup",
                    json={"token": token, "name": f"user {number}", "password": PASSWORD},
                )
            )
            for number, token in enumerate(tokens)
        ]
    answers = [call.result() for call in calls]
    assert sorted(status for status, _ in answers) == [201] + [403] * 9, answers


async def test_short_password_is_refused_and_leaves_the_token(app: Quart, stranger: Api) -> None:
    data = {"token": await make_setup_token(app), "name": "root", "password": "a" * 14}
    status, body = await stranger("POST", "/setup", json=data)
    assert (status, body["errors"][0]["loc"]) == (422, ["password"])
    data["password"] = "a" * 15
    assert (await stranger("POST", "/setup", json=data))[0] == 201


async def test_password_is_exchanged_for_a_token(app: Quart, stranger: Api, admin: User) -> None:
    data = {"username": "admin", "password": PASSWORD, "name": "laptop"}
    status, made = await stranger("POST", "/tokens", json=data)
    assert (status, made["name"], len(made["token"])) == (201, "laptop", 46)
    caller = Api(app, {"Authorization": f"bearer {made['token']}"})
    assert (await caller("GET", "/entities"))[0] == 200


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("nobody", PASSWORD)])
async def test_stranger_and_wrong_password_get_the_same_answer(
    stranger: Api, admin: User, name: str, password: str
) -> None:
    data = {"username": name, "password": password}
    status, body = await stranger("POST", "/tokens", json=data)
    assert (status, body["detail"]) == (401, "Unknown name or wrong password.")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer qa_" + "a" * 43, "Basic YTpi", "qa_x", "Bearer \u00e9"]
)
async def test_wrong_token_is_no_token(stranger: Api, admin: User, header: str) -> None:
    assert (await stranger("GET", "/entities", headers={"Authorization": header}))[0] == 401
