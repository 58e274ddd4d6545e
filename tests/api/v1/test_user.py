import asyncio

from quart import Quart

from quartapp.extensions import db
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
        assert (status, body["detail"]) == (400, "This link is used, expired or wrong.")


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
    assert sorted(status for status, _ in answers) == [201] + [400] * 9, answers


async def test_short_password_is_refused_and_leaves_the_token(app: Quart, stranger: Api) -> None:
    data = {"token": await make_setup_token(app), "name": "root", "password": "too short"}
    status, body = await stranger("POST", "/setup", json=data)
    assert (status, body["errors"][0]["loc"]) == (422, ["password"])
    data["password"] = "long enough for it"
    assert (await stranger("POST", "/setup", json=data))[0] == 201
