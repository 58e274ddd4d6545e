"""Every block of code in docs/from-flask.md does what is said of it."""

from functools import partial
from pathlib import Path

import pytest
from quart.testing import QuartClient, WebsocketResponseError

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.entity import add_entity, select_entities
from tests.helpers import read_token, sign_in
from tests.test_from_flask import Names, find_bearer, load_section, prepare


@pytest.fixture
async def section(fresh_app: QuartApp, request: pytest.FixtureRequest) -> Names:
    """The names of the section that the test asks for, in an app that is not started."""
    return await prepare(fresh_app, request.param)


with_section = partial(pytest.mark.parametrize, "section", indirect=True)


@with_section(["Flask-SQLAlchemy"])
async def test_work_outside_of_a_request_is_committed(fresh_app: QuartApp, section: Names) -> None:
    async with fresh_app.test_app(), fresh_app.app_context():
        await section["import_entities"](["a", "b"])
        found = await db.session.scalars(select_entities(seen_by=User()))

        assert [entity.name for entity in found] == ["a", "b"]


@with_section(["Flask-WTF"])
async def test_form_asks_each_of_its_validators(fresh_app: QuartApp, section: Names) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        await add_entity(session, name="taken", url="http://a.example/", owner=None)
    async with fresh_app.test_app():
        client = await sign_in(fresh_app.test_client(), "admin")
        token = await read_token(client, "/tags/new")
        answers = {
            name: await post_tag(client, name, token) for name in ("", "two words", "taken", "new")
        }
        forged = await post_tag(client, "new", "")

    assert answers == {
        "": (422, "This field is required."),
        "two words": (422, "One word, please."),
        "taken": (422, "A site has this name."),
        "new": (303, ""),
    }
    assert forged[0] == 403


async def post_tag(client: QuartClient, name: str, token: str) -> tuple[int, str]:
    response = await client.post("/tags/new", form={"name": name, "csrf_token": token})
    page = await response.get_data(as_text=True)
    return response.status_code, page.partition("<li>")[2].partition("</li>")[0]


@with_section(["Flask-Login"])
async def test_view_knows_who_asks(fresh_app: QuartApp, section: Names) -> None:
    async with fresh_app.test_app():
        stranger = await fresh_app.test_client().get("/profile/")
        client = await sign_in(fresh_app.test_client(), "admin")
        page = await (await client.get("/profile/")).get_data(as_text=True)

    assert (stranger.status_code, stranger.location) == (303, "/auth/login?next=/profile/")
    assert page == "admin"


@with_section(["Flask-RESTful"])
async def test_view_takes_and_gives_what_its_models_say(
    fresh_app: QuartApp, section: Names
) -> None:
    async with fresh_app.test_app():
        client = fresh_app.test_client()
        made = await client.post("/api/v1/labels", json={"name": " slow ", "colours": ["red"]})
        refused = await client.post("/api/v1/labels", json={"colour": "red"})
        faults = (await refused.get_json())["errors"]

    assert await made.get_json() == {"id": 1, "name": "slow", "colours": ["red"]}
    assert made.status_code == 201
    assert [(fault["loc"], fault["type"]) for fault in faults] == [
        (["name"], "missing"),
        (["colour"], "extra_forbidden"),
    ]


def test_command_waits_and_prints(sqlite_template: Path, tmp_path: Path) -> None:
    names = load_section("Flask-Script")
    url = f"sqlite:///{sqlite_template}"
    app = create_app({"TESTING": True, "DATABASE_URL": url, "INSTANCE_PATH": tmp_path})

    result = app.test_cli_runner().invoke(names["count"])

    assert (result.exit_code, result.output) == (0, "0 entities\n")


@with_section(["Flask-SocketIO"])
async def test_socket_says_connected_and_answers(fresh_app: QuartApp, section: Names) -> None:
    async with fresh_app.test_app():
        client, headers = fresh_app.test_client(), await find_bearer(fresh_app)
        async with client.websocket("/api/v1/echo/live", headers=headers) as socket:
            await socket.send("hello")
            heard = [await socket.receive_json(), await socket.receive_json()]
        with pytest.raises(WebsocketResponseError) as refused:
            async with client.websocket("/api/v1/echo/live") as socket:
                await socket.receive()

    assert heard == [{"type": "connected"}, {"type": "echo", "text": "hello", "from": "admin"}]
    assert refused.value.response.status_code == 401
