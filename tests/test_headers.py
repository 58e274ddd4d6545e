from pathlib import Path

import pytest
from quart.testing import QuartClient

from quartapp import create_app
from quartapp.headers import CSP

PATHS = [
    "/",
    "/auth/login",
    "/nothing",
    "/api/v1/nothing",
    "/api/v1/openapi.json",
    "/livez",
    "/static/app.css",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_is_guarded(client: QuartClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    assert "Cross-Origin-Opener-Policy" not in headers


def test_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert "default-src 'none'" in CSP


@pytest.mark.parametrize("path", ["/auth/login", "/entities/", "/api/v1/entities", "/nothing"])
async def test_what_depends_on_the_person_is_stored_nowhere(client: QuartClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["Cache-Control"] == "no-store"
    assert {"Cookie", "Authorization"} <= set(headers["Vary"].split(", "))


@pytest.mark.parametrize(
    "path", ["/", "/account/", "/account/sessions", "/entities/", "/auth/confirm"]
)
async def test_what_a_person_is_shown_is_stored_nowhere(browser: QuartClient, path: str) -> None:
    response = await browser.get(path)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


async def test_static_files_vary_by_nobody(client: QuartClient) -> None:
    assert "Cookie" not in (await client.get("/static/app.css")).headers.get("Vary", "")


async def test_production_asks_for_https_and_prefixed_cookies(tmp_path: Path) -> None:
    app = create_app(
        {
            "TESTING": True,
            "INSTANCE_PATH": tmp_path,
            "SESSION_COOKIE_SECURE": True,
            "SESSION_COOKIE_NAME": "__Host-session",
        }
    )
    response = await app.test_client().get("/auth/login", scheme="https")
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
