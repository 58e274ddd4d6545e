"""What the tests of limits get: an app that has them, counting here or in a Valkey."""

from typing import Any

import pytest
from redis import Redis

from tests.servers import Server


@pytest.fixture
def valkey_url(valkey_server: Server) -> str:
    with Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """No Redis, unless a test is for "valkey"."""
    kind = getattr(request, "param", "memory")
    return str(request.getfixturevalue("valkey_url")) if kind == "valkey" else ""


@pytest.fixture
def settings(redis_url: str) -> dict[str, Any]:
    return {"RATE_LIMITS": True, "REDIS_URL": redis_url}
