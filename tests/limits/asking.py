"""Requests from anywhere."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from quart import Quart
from quart.testing import QuartClient


async def ask(client: QuartClient, path: str, address: str = "192.0.2.1", **options: Any) -> Any:
    """Return the answer to a request from *address*."""
    scope = {"client": (address, 1)}
    method = options.pop("method", "GET")
    return await client.open(path, method=method, scope_base=scope, **options)


def asking(app: Quart, address: str = "192.0.2.1") -> AbstractAsyncContextManager[Any]:
    """Be in the middle of a request from *address*."""
    return app.test_request_context("/", headers={"Remote-Addr": address})
