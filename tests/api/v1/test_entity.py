import asyncio
from datetime import datetime
from typing import Any

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import State, User
from tests.api.helpers import SITE, Api, add_site, set_state
from tests.helpers import add_person, make_bearer


def problem(status: int, title: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def without_id(body: dict[str, Any]) -> dict[str, Any]:
    assert len(body.pop("request_id")) == 32
    return body


async def test_new_entity_is_answered_whole_with_its_address(api: Api, admin: User) -> None:
    status, made = await api("POST", "/entities", json=SITE)
    assert status == 201
    assert api.answered["Location"] == f"/api/v1/entities/{made['id']}"
    for name in ("created_at", "updated_at"):
        assert datetime.fromisoformat(made.pop(name)).tzname() == "UTC"
    assert made == {
        "id": made["id"],
        "slug": "my-site",
        "owner": {"id": admin.id, "name": "admin"},
        "is_public": False,
        **SITE,
    }


async def test_entity_is_shown_as_it_was_made(api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE)
    assert await api("GET", f"/entities/{made['id']}") == (200, made)


async def test_content_may_be_left_out(api: Api) -> None:
    status, made = await api("POST", "/entities", json={"name": "a", "url": "http://a.test"})
    assert (status, made["content"]) == (201, "")


async def test_text_is_composed_and_stripped(api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE | {"name": "  Cafe\u0301 "})
    assert (made["name"], made["slug"]) == ("Café", "cafe")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_taken_name_is_a_conflict(app: Quart, api: Api, admin: User, method: str) -> None:
    await add_site(app, admin, "Other")
    entity = await add_site(app, admin)
    path = "/entities" if method == "POST" else f"/entities/{entity.id}"
    status, body = await api(method, path, json=SITE | {"name": "Other"})
    assert status == 409
    assert without_id(body) == problem(
        409,
        "Conflict",
        "The name 'Other' is taken.",
        errors=[{"loc": ["name"], "msg": "The name 'Other' is taken.", "type": "conflict"}],
    )


async def test_of_many_who_take_a_name_at_once_one_succeeds(api: Api) -> None:
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(api("POST", "/entities", json=SITE)) for _ in range(10)]
    answers = [call.result() for call in calls]
    assert sorted(status for status, _ in answers) == [201] + [409] * 9
    details = {body["detail"] for status, body in answers if status == 409}
    assert details == {"The name 'My site' is taken."}


async def test_of_many_with_the_same_slug_all_succeed(api: Api) -> None:
    names = [f"Mysite{'!' * number}" for number in range(1, 5)]
    async with asyncio.TaskGroup() as tasks:
        calls = [
            tasks.create_task(api("POST", "/entities", json=SITE | {"name": name}))
            for name in names
        ]
    made = [call.result() for call in calls]
    assert {status for status, _ in made} == {201}
    assert {body["slug"] for _, body in made} == {"mysite", "mysite-2", "mysite-3", "mysite-4"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, (["name"], "too_short")),
        ({"name": " "}, (["name"], "too_short")),
        ({"name": "a" * 121}, (["name"], "too_long")),
        ({"name": "a\nb"}, (["name"], "value_error")),
        ({"name": "a\u202eb"}, (["name"], "value_error")),
        ({"name": 7}, (["name"], "string_type")),
        ({"name": None}, (["name"], "string_type")),
        ({"url": "example.org"}, (["url"], "value_error")),
        ({"url": "http://u:p@example.org"}, (["url"], "value_error")),
        ({"url": "http://a.test/" + "a" * 2040}, (["url"], "too_long")),
        ({"content": "a" * 10_001}, (["content"], "too_long")),
        ({"owner_id": 1}, (["owner_id"], "extra_forbidden")),
        ({"id": 1}, (["id"], "extra_forbidden")),
        ({"slug": "mine"}, (["slug"], "extra_forbidden")),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_wrong_field_is_named_and_not_repeated(
    app: Quart,
    api: Api,
    admin: User,
    method: str,
    change: dict[str, Any],
    error: tuple[list[str], str],
) -> None:
    entity = await add_site(app, admin, "Before")
    path = "/entities" if method == "POST" else f"/entities/{entity.id}"
    status, body = await api(method, path, json=SITE | change)
    assert (status, body["title"]) == (422, "Invalid data")
    assert [(fault["loc"], fault["type"]) for fault in body["errors"]] == [error]
    assert {"loc", "msg", "type"} == set(body["errors"][0])


async def test_missing_fields_are_all_named(api: Api) -> None:
    _, body = await api("POST", "/entities", json={})
    assert body["errors"] == [
        {"loc": ["name"], "msg": "Field required", "type": "missing"},
        {"loc": ["url"], "msg": "Field required", "type": "missing"},
    ]


async def test_put_replaces_and_patch_changes_what_is_sent(app: Quart, api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE)
    path = f"/entities/{made['id']}"

    status, patched = await api("PATCH", path, json={"name": "Other"})
    assert status == 200
    changed = made | {"name": "Other", "updated_at": patched["updated_at"]}
    assert patched == changed
    assert patched["updated_at"] > made["updated_at"]

    status, put = await api("PUT", path, json={"name": "Third", "url": "http://b.test/"})
    assert status == 200
    assert (put["name"], put["url"], put["content"]) == ("Third", "http://b.test/", "")
    assert await api("GET", path) == (200, put)


async def test_empty_patch_changes_nothing(api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE)
    assert await api("PATCH", f"/entities/{made['id']}", json={}) == (200, made)


async def test_removed_entity_is_gone_with_its_comments(app: Quart, api: Api, admin: User) -> None:
    entity = await add_site(app, admin, comments=2)
    path = f"/entities/{entity.id}"
    assert await api("DELETE", path) == (204, None)
    for gone in (path, f"{path}/comments"):
        status, body = await api("GET", gone)
        assert (status, body["detail"]) == (404, f"There is no entity {entity.id}.")


@pytest.mark.parametrize("number", ["0", "-1", "01", "x", "1.5", str(2**63), "9" * 30])
async def test_number_that_no_entity_can_have_is_not_found(api: Api, number: str) -> None:
    status, body = await api("GET", f"/entities/{number}")
    assert (status, body["status"]) == (404, 404)
    assert api.answered["Content-Type"] == "application/problem+json"


async def test_highest_number_is_not_found(api: Api) -> None:
    assert (await api("GET", f"/entities/{2**63 - 1}"))[0] == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_stranger_is_asked_for_a_token(stranger: Api, method: str) -> None:
    path = "/entities" if method in ("GET", "POST") else "/entities/1"
    status, body = await stranger(method, path, json=SITE)
    assert (status, body["title"]) == (401, "Sign in first")
    assert stranger.answered["WWW-Authenticate"] == 'Bearer realm="quartapp"'


async def test_someone_else_may_read_but_not_change(app: Quart, admin: User) -> None:
    entity = await add_site(app, admin)
    async with app.app_context(), db.begin() as session:
        other = Api(app, await make_bearer(session, await add_person(session, "other")))
    path = f"/entities/{entity.id}"
    assert (await other("GET", path))[0] == 200
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await other(method, path, json=SITE))[0] == 403
    assert (await other("GET", path))[1]["name"] == "My site"


async def test_page_has_items_and_links(app: Quart, api: Api, admin: User) -> None:
    for name in ("c", "a", "b"):
        await add_site(app, admin, name)
    status, page = await api("GET", "/entities?page=2&per_page=1&q=E")
    assert status == 200
    assert [item["name"] for item in page["items"]] == ["b"]
    base = "/api/v1/entities?"
    assert page["_meta"] == {
        "page": 2,
        "per_page": 1,
        "pages": 3,
        "total": 3,
        "next_cursor": None,
    }
    assert page["_links"] == {
        "self": f"{base}page=2&per_page=1&q=E",
        "first": f"{base}page=1&per_page=1&q=E",
        "prev": f"{base}page=1&per_page=1&q=E",
        "next": f"{base}page=3&per_page=1&q=E",
        "last": f"{base}page=3&per_page=1&q=E",
    }


@pytest.fixture
async def _three_states(app: Quart, admin: User) -> None:
    for name, state in (("a", State.UP), ("b", State.DOWN), ("c", State.SUSPECT)):
        await add_site(app, admin, name)
        await set_state(app, name, state)


@pytest.mark.usefixtures("_three_states")
async def test_entities_are_listed_by_state(api: Api) -> None:
    for query, names in [
        ("", ["a", "b", "c"]),
        ("?state=down", ["b"]),
        ("?state=suspect&state=down", ["b", "c"]),
        ("?state=suspect&state=down&q=c", ["c"]),
        ("?state=down&state=down", ["b"]),
        ("?state=paused", []),
        ("?cursor=&state=up&state=suspect", ["a", "c"]),
    ]:
        status, page = await api("GET", f"/entities{query}")
        assert (status, [item["name"] for item in page["items"]]) == (200, names), query


@pytest.mark.usefixtures("_three_states")
@pytest.mark.parametrize("how", ["page=1", "cursor="])
async def test_next_page_keeps_each_of_the_states(api: Api, how: str) -> None:
    _, first = await api("GET", f"/entities?{how}&per_page=1&state=up&state=suspect")
    path = first["_links"]["next"].removeprefix("/api/v1")
    _, second = await api("GET", path)

    assert [item["name"] for item in first["items"] + second["items"]] == ["a", "c"]
    assert second["_links"]["next"] is None


@pytest.mark.parametrize("query", ["state=gone", "state=up&state=gone", "state="])
async def test_state_that_cannot_be_is_named(api: Api, query: str) -> None:
    status, body = await api("GET", f"/entities?{query}")
    assert (status, [error["loc"][0] for error in body["errors"]]) == (422, ["state"])


async def test_no_entities_are_one_empty_page(api: Api) -> None:
    status, page = await api("GET", "/entities")
    assert (status, page["items"], page["_meta"]["total"]) == (200, [], 0)


async def test_page_past_the_last_is_not_found(api: Api) -> None:
    assert (await api("GET", "/entities?page=2"))[0] == 404


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "per_page=101", "per_page=0", "sort=name", f"page={2**70}"]
)
async def test_wrong_query_is_invalid(api: Api, query: str) -> None:
    status, body = await api("GET", f"/entities?{query}")
    assert (status, body["errors"][0]["loc"]) == (422, [query.partition("=")[0]])


async def test_every_entity_is_reached_once_by_key(app: Quart, api: Api, admin: User) -> None:
    made = [(await add_site(app, admin, f"Site {number}")).id for number in (3, 1, 2, 5, 4)]
    seen, path = [], "/entities?cursor=&per_page=2"
    while path:
        status, page = await api("GET", path)
        assert status == 200
        seen += [item["id"] for item in page["items"]]
        path = (page["_links"]["next"] or "").removeprefix("/api/v1")
    assert seen == made


@pytest.mark.parametrize("cursor", ["x", "MQ", "MQ.forged", "%00", "a.b.c"])
async def test_forged_cursor_is_refused(api: Api, cursor: str) -> None:
    assert (await api("GET", f"/entities?cursor={cursor}"))[0] == 400


async def test_cursor_of_another_listing_is_refused(app: Quart, api: Api, admin: User) -> None:
    entity = await add_site(app, admin, comments=2)
    _, page = await api("GET", f"/entities/{entity.id}/comments?cursor=&per_page=1")
    cursor = page["_meta"]["next_cursor"]
    assert (await api("GET", f"/entities?cursor={cursor}"))[0] == 400
