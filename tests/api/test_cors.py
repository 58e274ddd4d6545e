from pathlib import Path

import pytest

from quartapp import create_app
from quartapp.api.v1 import EXPOSED_HEADERS

ORIGIN = "https://app.example.org"


async def ask(
    path: str, method: str, origin: str, tmp_path: Path, allowed: list[str]
) -> str | None:
    app = create_app(
        {
            "TESTING": True,
            "CORS_ORIGINS": allowed,
            "INSTANCE_PATH": tmp_path,
            "DATABASE_URL": "sqlite://",
        }
    )
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = await app.test_client().open(path, method=method, headers=headers)
    assert response.headers.get("Access-Control-Allow-Credentials") is None
    return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/v1/openapi.json", "GET"),
        ("/api/v1/openapi.json", "OPTIONS"),
        ("/api/v1/entities", "OPTIONS"),
        ("/api/v1/nothing", "GET"),
        ("/api/v1/openapi.json", "DELETE"),
    ],
)
async def test_named_origin_may_read_errors_included(
    path: str, method: str, tmp_path: Path
) -> None:
    assert await ask(path, method, ORIGIN, tmp_path, [ORIGIN]) == ORIGIN
    assert await ask(path, method, "https://evil.test", tmp_path, [ORIGIN]) is None
    assert await ask(path, method, ORIGIN, tmp_path, []) is None


async def test_scripts_see_how_much_is_left(tmp_path: Path) -> None:
    place = {"INSTANCE_PATH": tmp_path, "DATABASE_URL": "sqlite://"}
    app = create_app({"TESTING": True, "RATE_LIMITS": True, "CORS_ORIGINS": [ORIGIN], **place})
    answer = await app.test_client().get("/api/v1/openapi.json", headers={"Origin": ORIGIN})

    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed == set(EXPOSED_HEADERS)
    assert [name for name in ("RateLimit", "RateLimit-Policy") if name in answer.headers] == [
        "RateLimit",
        "RateLimit-Policy",
    ]


async def test_preflight_is_never_too_often(tmp_path: Path) -> None:
    place = {"INSTANCE_PATH": tmp_path, "DATABASE_URL": "sqlite://"}
    app = create_app({"TESTING": True, "RATE_LIMITS": True, "CORS_ORIGINS": [ORIGIN], **place})
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = await app.test_client().options("/api/v1/entities", headers=headers)

    assert (answer.status_code, answer.headers.get("RateLimit")) == (200, None)
