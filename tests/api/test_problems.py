import pytest
from quart.testing import QuartClient

from quartapp.models import User
from tests.api.helpers import SITE, Api
from tests.helpers import read_token


@pytest.mark.parametrize("path", ["/nothing", "/entities/", "/entities/1/nothing"])
async def test_unknown_address_is_a_problem(api: Api, path: str) -> None:
    status, body = await api("GET", path)
    assert (status, body["title"], body["status"]) == (404, "Not Found", 404)
    assert api.answered["Content-Type"] == "application/problem+json"


async def test_wrong_method_says_which_are_right(api: Api) -> None:
    status, body = await api("DELETE", "/entities")
    assert (status, body["title"]) == (405, "Method Not Allowed")
    assert set(api.answered["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


async def test_problem_has_the_id_of_its_request(api: Api) -> None:
    _, body = await api("GET", "/nothing", headers={"X-Request-ID": "my-request-1"})
    assert (body["request_id"], api.answered["X-Request-ID"]) == ("my-request-1", "my-request-1")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "\\u0000", "url": "http://a.test"}', "application/json", 422),
        (b'{"name": "\\ud800", "url": "http://a.test"}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"name": "' + b"a" * 1024 * 1024 + b'"}', "application/json", 413),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_body_that_cannot_be_read_is_a_problem(
    api: Api, body: bytes, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type}
    got, answer = await api("POST", "/entities", data=body, headers=headers)
    assert (got, answer["status"]) == (status, status)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (SITE | {"name": ""}, "String should have at least 1 character"),
        (SITE | {"name": "a" * 121}, "String should have at most 120 characters"),
        (SITE | {"name": "a\nb"}, "Line breaks and direction marks are not allowed."),
        (SITE | {"name": 7}, "Input should be a valid string"),
        ([], "Input should be an object"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_fault_is_told_without_the_inside_of_a_schema(
    api: Api, sent: object, words: str
) -> None:
    _, body = await api("POST", "/entities", json=sent)
    assert [fault["msg"] for fault in body["errors"]] == [words]


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("application/json", True),
        ("application/problem+json", True),
        ("text/html;q=0.1,application/json", True),
    ],
)
async def test_elsewhere_the_accept_header_decides(
    client: QuartClient, accept: str, is_json: bool
) -> None:
    response = await client.get("/nothing", headers={"Accept": accept})
    assert response.status_code == 404
    assert (response.mimetype == "application/problem+json") is is_json


# A browser that is signed in calls the API with its cookie.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "http://localhost.evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
async def test_cookie_writes_for_pages_of_this_site_only(
    browser: QuartClient, headers: dict[str, str], status: int
) -> None:
    token = {"X-CSRFToken": await read_token(browser, "/entities/new")}
    response = await browser.post("/api/v1/entities", json=SITE, headers=headers | token)
    assert response.status_code == status
    page = await (await browser.get("/api/v1/entities")).get_json()
    assert page["_meta"]["total"] == (1 if status == 201 else 0)


async def test_bearer_token_makes_cookies_count_nothing(browser: QuartClient, admin: User) -> None:
    response = await browser.get("/api/v1/entities", headers={"Authorization": "Bearer wrong"})
    assert response.status_code == 401
