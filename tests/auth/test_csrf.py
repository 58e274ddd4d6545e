"""Which page a request comes from, and the token that only pages of this browser's session have."""

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.auth.csrf import is_csrf_token, make_csrf_token
from quartapp.auth.origin import is_foreign_origin, is_own_origin
from tests.helpers import read_token

# What a browser says in Sec-Fetch-Site and Origin; whether the page is ours, or another site's.
PAGES = [
    (None, None, (False, False)),  # a program
    (None, "http://localhost", (True, False)),
    (None, "https://localhost", (False, True)),
    (None, "http://localhost:8080", (False, True)),
    (None, "http://evil.test", (False, True)),
    (None, "null", (False, True)),
    ("same-origin", None, (True, False)),
    ("same-origin", "http://localhost", (True, False)),
    ("same-origin", "null", (True, False)),
    ("same-origin", "http://evil.test", (False, True)),
    ("same-site", "http://localhost", (False, True)),
    ("cross-site", "http://evil.test", (False, True)),
    ("none", None, (False, True)),
]
OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(("site", "origin", "expected"), PAGES)
async def test_page_is_known_by_what_the_browser_says(
    app: Quart, site: str | None, origin: str | None, expected: tuple[bool, bool]
) -> None:
    sent = {"Sec-Fetch-Site": site, "Origin": origin}
    headers = {name: value for name, value in sent.items() if value is not None}
    async with app.test_request_context("/", headers=headers) as context:
        request = context.request
        assert (is_own_origin(request), is_foreign_origin(request)) == expected


async def test_socket_of_our_page_has_the_scheme_of_the_page(app: Quart) -> None:
    headers = {"Origin": "https://localhost"}
    async with app.test_request_context("/", headers=headers, scheme="https") as context:
        context.request.scheme = "wss"
        assert is_own_origin(context.request)
        context.request.scheme = "ws"
        assert not is_own_origin(context.request)


async def test_token_is_new_each_time_and_holds_for_this_browser_only(app: Quart) -> None:
    async with app.test_request_context("/"):
        first, second = make_csrf_token(), make_csrf_token()
        salt, _, signature = first.partition(".")
        assert first != second
        assert [len(salt), len(signature)] == [32, 64]
        assert is_csrf_token(first)
        assert is_csrf_token(second)
        wrong = [
            "",
            ".",
            salt,
            f"{salt}.",
            f"{salt}x.{signature}",
            f".{signature}",
            f"ü.{signature}",
        ]
        assert [token for token in wrong if is_csrf_token(token)] == []
    async with app.test_request_context("/"):
        assert not is_csrf_token(first)


CALLS = [  # what a call by cookie says of itself, with which token, and what becomes of it
    (OWN, True, 201),
    ({"Origin": "http://localhost"}, True, 201),
    (OWN, False, 403),
    ({}, True, 403),
    ({"Origin": "http://evil.test"}, True, 403),
    ({"Sec-Fetch-Site": "cross-site"}, True, 403),
]


@pytest.mark.parametrize(("headers", "has_token", "status"), CALLS)
async def test_call_by_cookie_is_our_own_pages(
    browser: QuartClient, headers: dict[str, str], has_token: bool, status: int
) -> None:
    token = await read_token(browser, "/entities/new")
    sent = {**headers, "X-CSRFToken": token} if has_token else headers
    response = await browser.post("/api/v1/groups", json={"name": "One"}, headers=sent)
    assert response.status_code == status


async def test_read_by_cookie_and_call_by_token_need_no_page(
    browser: QuartClient, app: Quart, bearer: dict[str, str]
) -> None:
    assert (await browser.get("/api/v1/entities")).status_code == 200
    response = await app.test_client().post("/api/v1/groups", json={"name": "One"}, headers=bearer)
    assert response.status_code == 201


FORMS = [({}, 303), (OWN, 303), ({"Origin": "http://evil.test"}, 403)]


@pytest.mark.parametrize(("headers", "status"), FORMS)
async def test_form_with_its_token_is_taken_from_no_other_site(
    browser: QuartClient, headers: dict[str, str], status: int
) -> None:
    token = await read_token(browser, "/entities/new")
    form = {"csrf_token": token, "name": "A", "url": "http://a.example/"}
    response = await browser.post("/entities/new", form=form, headers=headers)
    assert response.status_code == status
