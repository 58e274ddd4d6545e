"""An app that caches, here or in a Valkey."""

from typing import Any

import pytest
from redis import Redis

from quartapp import remote
from tests.servers import Server

STORES = ["memory", "valkey"]


@pytest.fixture(params=STORES)
def redis_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "memory":
        return ""
    monkeypatch.setattr(remote, "ANSWER", 10.0)  # Redis is slow beside other tests
    monkeypatch.setattr(remote, "PATIENCE", 10.0)
    server: Server = request.getfixturevalue("valkey_server")
    with Redis.from_url(server.url) as client:
        client.flushall()
    return server.url


@pytest.fixture
def settings(redis_url: str) -> dict[str, Any]:
    return {"CACHE_SIZE": 100_000, "REDIS_URL": redis_url}
