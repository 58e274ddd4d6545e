import json

import pytest
from quart import Quart

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Scope, User
from quartapp.services.comment import select_comments
from quartapp.services.paging import paginate
from tests.api.helpers import Api, add_site
from tests.helpers import add_person, make_bearer
from tests.wire import open_socket, serving, shake_hands


async def test_comment_lives_from_post_to_delete(app: Quart, api: Api, admin: User) -> None:
    entity = await add_site(app, admin)
    path = f"/entities/{entity.id}/comments"

    status, made = await api("POST", path, json={"body": " Moved. "})
    assert status == 201
    own = f"{path}/{made['id']}"
    assert api.answered["Location"] == f"/api/v1{own}"
    assert made == {
        "id": made["id"],
        "entity_id": entity.id,
        "body": "Moved.",
        "author": {"id": admin.id, "name": "admin"},
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert await api("GET", own) == (200, made)
    assert (await api("PUT", own, json={"body": "Back."}))[1]["body"] == "Back."
    assert (await api("PATCH", own, json={}))[1]["body"] == "Back."
    assert (await api("PATCH", own, json={"body": "Gone."}))[1]["body"] == "Gone."
    assert await api("DELETE", own) == (204, None)
    assert (await api("GET", own))[0] == 404


async def test_comments_are_listed_oldest_first(app: Quart, api: Api, admin: User) -> None:
    entity = await add_site(app, admin, comments=3)
    path = f"/entities/{entity.id}/comments"
    for way in ("?per_page=2", "?per_page=2&cursor="):
        status, page = await api("GET", path + way)
        assert (status, [item["body"] for item in page["items"]]) == (
            200,
            ["comment 0", "comment 1"],
        )
        _, rest = await api("GET", page["_links"]["next"].removeprefix("/api/v1"))
        assert [item["body"] for item in rest["items"]] == ["comment 2"]


async def test_comment_is_found_on_its_own_entity_only(app: Quart, api: Api, admin: User) -> None:
    one, other = await add_site(app, admin, "One"), await add_site(app, admin, "Other")
    _, made = await api("POST", f"/entities/{one.id}/comments", json={"body": "x"})
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        path = f"/entities/{other.id}/comments/{made['id']}"
        assert (await api(method, path, json={"body": "y"}))[0] == 404


async def test_comment_on_a_missing_entity_is_not_found(api: Api) -> None:
    assert (await api("POST", "/entities/7/comments", json={"body": "x"}))[0] == 404
    assert (await api("GET", "/entities/7/comments"))[0] == 404


async def test_someone_else_may_not_change_a_comment(app: Quart, admin: User) -> None:
    entity = await add_site(app, admin, comments=1)
    async with app.app_context(), db.begin() as session:
        other = Api(app, await make_bearer(session, await add_person(session, "other")))
    path = f"/entities/{entity.id}/comments"
    _, page = await other("GET", path)
    for method in ("PUT", "PATCH", "DELETE"):
        own = f"{path}/{page['items'][0]['id']}"
        assert (await other(method, own, json={"body": "mine"}))[0] == 403


async def test_socket_says_connected_then_keeps_each_message(
    app: Quart, api: Api, admin: User
) -> None:
    entity = await add_site(app, admin)
    path = f"/entities/{entity.id}/comments"
    async with api.client.websocket(f"/api/v1{path}/live", headers=api.headers) as socket:
        assert json.loads(await socket.receive()) == {"type": "connected", "entity_id": entity.id}
        await socket.send("hello")
        message = json.loads(await socket.receive())
    _, page = await api("GET", path)
    assert message == {"type": "comment", "comment": page["items"][0]}
    assert message["comment"]["body"] == "hello"


async def test_socket_of_a_token_that_may_only_read_takes_no_message(
    fresh_app: QuartApp,
) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        owner = await add_person(session, "owner")
        bearer = (await make_bearer(session, owner, Scope.READ))["Authorization"].encode()
    entity = await add_site(fresh_app, owner)
    target = f"/api/v1/entities/{entity.id}/comments/live"
    async with (
        serving(fresh_app) as port,
        open_socket(port, target, (b"Authorization", bearer)) as client,
    ):
        await shake_hands(client)
        await client.hear()
        await client.say("hello")
        assert await client.read_close() == (1008, "This token may only read.")
    async with fresh_app.app_context(), db.begin() as session:
        assert (await paginate(session, select_comments(entity))).total == 0


@pytest.mark.parametrize(
    "message", ["", " ", b"", "a" * 5_001], ids=["empty", "blank", "binary", "long"]
)
async def test_wrong_message_closes_the_socket_and_is_not_kept(
    fresh_app: QuartApp, message: str | bytes
) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        owner = await add_person(session, "owner")
        bearer = (await make_bearer(session, owner))["Authorization"].encode()
    entity = await add_site(fresh_app, owner)
    target = f"/api/v1/entities/{entity.id}/comments/live"
    async with (
        serving(fresh_app) as port,
        open_socket(port, target, (b"Authorization", bearer)) as client,
    ):
        await shake_hands(client)
        await client.hear()
        await client.say(message)
        assert await client.read_close() == (1008, "Some fields are wrong.")
    async with fresh_app.app_context(), db.begin() as session:
        assert (await paginate(session, select_comments(entity))).total == 0
