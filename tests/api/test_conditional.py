"""An ETag names what is answered: who has it is spared the rest, and nobody's change is lost."""

import asyncio
from datetime import UTC, datetime

import pytest
from quart import Quart, Response
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.api.conditional import answer_unless_known, make_etag
from quartapp.api.v1.schemas.base import Out
from quartapp.extensions import db
from quartapp.models import Comment, Entity, User
from tests.api.helpers import SITE, Api, add_site
from tests.helpers import queries, read_token

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OTHER = '"0123456789abcdef01234567"'
NONE, MATCH = "If-None-Match", "If-Match"


@pytest.fixture
async def path(app: Quart, admin: User) -> str:
    return f"/entities/{(await add_site(app, admin, comments=1)).id}"


@pytest.fixture(params=["entity", "comment"])
async def either(request: pytest.FixtureRequest, api: Api, path: str) -> str:
    """The address of a site, or of a comment on it."""
    if request.param == "entity":
        return path
    _, page = await api("GET", f"{path}/comments")
    return f"{path}/comments/{page['items'][0]['id']}"


async def find_etag(api: Api, path: str) -> str:
    assert (await api("GET", path))[0] == 200
    return api.answered["ETag"]


def test_etag_changes_with_each_part_of_it() -> None:
    parts = [
        (1, NOON, 2, "Ann"),
        (2, NOON, 2, "Ann"),
        (1, NOON.replace(microsecond=1), 2, "Ann"),
        (1, NOON, 3, "Ann"),
        (1, NOON, 2, "Bob"),
        (1, NOON, None, None),
        (1, NOON, 2, "None"),
    ]
    assert len({make_etag(*part) for part in parts}) == len(parts)
    assert make_etag(*parts[0]) == '"21b2e22d759a457a43afa4db"'


async def test_answer_has_a_strong_etag_and_is_asked_about_again(api: Api, either: str) -> None:
    etag = await find_etag(api, either)
    assert (etag[0], etag[-1], len(etag)) == ('"', '"', 26)
    assert api.answered["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Authorization"} <= {*api.answered["Vary"].split(", ")}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_has_it_is_told_so_and_no_more(api: Api, either: str, method: str) -> None:
    etag = await find_etag(api, either)
    response = await api.client.open(
        f"/api/v1{either}", method=method, headers={**api.headers, NONE: etag}
    )
    assert (response.status_code, await response.get_data()) == (304, b"")
    assert response.headers["ETag"] == etag
    assert response.headers["Cache-Control"] == "private, no-cache"


async def test_spared_answer_says_nothing_of_a_body(fresh_app: Quart) -> None:
    async with fresh_app.test_request_context("/", headers={NONE: "*"}):
        answer = answer_unless_known(OTHER, Out)
    assert isinstance(answer, Response)
    assert sorted(answer.headers.keys()) == ["Cache-Control", "ETag", "Vary"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("{}", 304),
        ("W/{}", 304),
        ("*", 304),
        (f"{OTHER}, {{}}", 304),
        (f"{OTHER},W/{{}} , {OTHER}", 304),
        (OTHER, 200),
        (f"{OTHER}, W/{OTHER}", 200),
        ("", 200),
    ],
)
async def test_none_match_is_compared_weakly_with_a_list(
    api: Api, path: str, sent: str, status: int
) -> None:
    etag = await find_etag(api, path)
    answer = await api("GET", path, headers={NONE: sent.format(etag)})
    assert answer[0] == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("{}", 200),
        ("*", 200),
        (f"{OTHER}, {{}}", 200),
        ("W/{}", 200),  # as nginx makes of it, when it compresses
        (OTHER, 412),
        (f"W/{OTHER}", 412),
        ("", 412),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_what_is_not_as_named_is_left_alone(
    api: Api, path: str, method: str, sent: str, status: int
) -> None:
    etag = await find_etag(api, path)
    body = None if method == "GET" else SITE | {"content": "New."}
    answer = await api(method, path, json=body, headers={MATCH: sent.format(etag)})
    assert answer[0] == status
    assert (await find_etag(api, path) == etag) == (status == 412 or method == "GET")


async def test_refusal_says_what_to_do(api: Api, path: str) -> None:
    status, body = await api("PATCH", path, json={}, headers={MATCH: OTHER})
    del body["request_id"]
    assert (status, body) == (
        412,
        {
            "type": "about:blank",
            "title": "Precondition failed",
            "status": 412,
            "detail": "It has changed since you read it: read it again.",
        },
    )


async def test_what_has_changed_is_not_removed(api: Api, either: str) -> None:
    old = await find_etag(api, either)
    body = {"body": "New."} if "comments" in either else {"content": "New."}
    assert (await api("PATCH", either, json=body))[0] == 200
    new = api.answered["ETag"]
    assert (await api("DELETE", either, headers={MATCH: old}))[0] == 412
    assert await find_etag(api, either) == new
    assert (await api("DELETE", either, headers={MATCH: new}))[0] == 204


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_write_that_wants_another_one_is_refused(api: Api, path: str, method: str) -> None:
    body = None if method == "DELETE" else SITE
    assert (await api(method, path, json=body, headers={NONE: "*"}))[0] == 412
    assert (await api("GET", path))[0] == 200


async def test_writes_answer_the_etag_that_reads_will(api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE)
    path = f"/entities/{made['id']}"
    for method, body in (("PUT", SITE | {"content": "1"}), ("PATCH", {"content": "2"})):
        written = api.answered["ETag"]
        assert await find_etag(api, path) == written
        await api(method, path, json=body)
        assert api.answered["ETag"] != written
    written = api.answered["ETag"]
    assert await find_etag(api, path) == written


async def test_what_changes_nothing_keeps_the_etag(api: Api, path: str) -> None:
    etag = await find_etag(api, path)
    assert (await api("PATCH", path, json={"name": "My site"}, headers={MATCH: etag}))[0] == 200
    assert api.answered["ETag"] == etag


async def test_another_name_of_the_person_is_another_etag(api: Api, either: str) -> None:
    etag = await find_etag(api, either)
    assert (await api("PATCH", "/users/me", json={"name": "Root"}))[0] == 200
    status, body = await api("GET", either, headers={NONE: etag})
    assert (status, (body.get("owner") or body["author"])["name"]) == (200, "Root")


@pytest.mark.parametrize("table", [Entity, Comment])
async def test_change_of_many_rows_at_once_is_another_etag(
    app: Quart, api: Api, path: str, table: type[Entity | Comment]
) -> None:
    if table is Comment:
        _, page = await api("GET", f"{path}/comments")
        path += f"/comments/{page['items'][0]['id']}"
    etag = await find_etag(api, path)
    async with app.app_context(), db.begin() as session:
        values = {"is_public": True} if table is Entity else {"body": "New."}
        await session.execute(update(table).values(**values))
    assert (await api("GET", path, headers={NONE: etag}))[0] == 200


async def test_of_many_who_change_what_they_have_read_one_succeeds(api: Api, either: str) -> None:
    etag = await find_etag(api, either)
    field = "body" if "comments" in either else "content"
    calls = [
        Api(api.client.app, api.headers)(
            "PATCH", either, json={field: f"by {number}"}, headers={MATCH: etag}
        )
        for number in range(5)
    ]
    answers = await asyncio.gather(*calls)
    assert sorted(status for status, _ in answers) == [200] + [412] * 4
    (won,) = [body for status, body in answers if status == 200]
    assert await api("GET", either) == (200, won)


async def test_of_many_who_change_without_a_word_all_succeed(api: Api, path: str) -> None:
    calls = [
        Api(api.client.app, api.headers)("PATCH", path, json={"content": f"by {number}"})
        for number in range(3)
    ]
    assert [status for status, _ in await asyncio.gather(*calls)] == [200] * 3


async def test_row_that_is_removed_meanwhile_is_not_found(app: Quart, api: Api, path: str) -> None:
    calls = [Api(app, api.headers)("DELETE", path) for _ in range(4)]
    statuses = [status for status, _ in await asyncio.gather(*calls)]
    assert sorted(statuses) == [204, 404, 404, 404]


async def test_stranger_to_a_site_learns_of_no_condition(
    stranger: Api, api: Api, path: str
) -> None:
    assert (await stranger("GET", path, headers={NONE: "*"}))[0] == 401
    assert (await api("GET", "/entities/99999", headers={NONE: "*"}))[0] == 404


async def test_spared_answer_costs_no_statement_more(app: Quart, api: Api, path: str) -> None:
    etag = await find_etag(api, path)
    counts = []
    for headers in ({}, {NONE: etag}):
        async with app.app_context():
            with queries(db.engine) as sent:
                await api("GET", path, headers=headers)
        counts.append(len(sent))
    assert counts[0] == counts[1]


async def test_browser_is_answered_like_a_program(
    api: Api, browser: QuartClient, path: str
) -> None:
    etag = await find_etag(api, path)
    address = f"/api/v1{path}"
    assert (await browser.get(address)).headers["ETag"] == etag
    assert (await browser.get(address, headers={NONE: etag})).status_code == 304

    token = await read_token(browser, "/entities/new")
    headers = {"X-CSRFToken": token, "Origin": "http://localhost"}
    statuses = []
    for sent in (OTHER, etag, etag):
        answer = await browser.patch(
            address, json={"content": "New."}, headers={**headers, MATCH: sent}
        )
        statuses.append(answer.status_code)
    assert statuses == [412, 200, 412]


async def test_document_tells_of_conditions(api: Api) -> None:
    _, document = await api("GET", "/openapi.json")
    for path in ("/entities/{entity_id}", "/entities/{entity_id}/comments/{comment_id}"):
        for method, operation in document["paths"][f"/api/v1{path}"].items():
            names = {given["name"] for given in operation["parameters"]}
            assert {MATCH, NONE} <= names
            assert "412" in operation["responses"]
            assert ("304" in operation["responses"]) == (method == "get")
            good = operation["responses"].get("200", {})
            assert ("ETag" in good.get("headers", {})) == (method != "delete")
