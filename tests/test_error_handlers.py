import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Gone

from quartapp.app import QuartApp
from quartapp.auth import login_required
from tests.wire import open_socket, read_refusal, serving

SECRET = "Zq7canary"


def make_locked() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return OperationalError("SELECT 1", {}, error)


FAILURES = {
    "mistake": (RuntimeError(SECRET), 500, "Internal error"),
    "abort": (Gone(), 410, "Gone"),
    "locked": (make_locked(), 503, "Unavailable"),
    "refused elsewhere": (ConnectionRefusedError(SECRET), 500, "Internal error"),
    "unknown": (OperationalError("SELECT 1", {}, Exception(SECRET)), 500, "Internal error"),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_failure_is_told_by_the_face_that_was_asked(
    fresh_app: QuartApp, name: str, accept: str
) -> None:
    error, status, title = FAILURES[name]
    fresh_app.config["PROPAGATE_EXCEPTIONS"] = False

    @fresh_app.get("/fail")
    async def fail() -> str:
        raise error

    response = await fresh_app.test_client().get("/fail", headers={"Accept": accept})
    body = await response.get_data(as_text=True)
    assert response.status_code == status
    assert title in body
    assert SECRET not in body
    assert response.headers.get("Retry-After") == ("2" if status == 503 else None)
    assert response.mimetype == (accept if accept == "text/html" else "application/problem+json")


async def test_socket_is_refused_as_json_wherever_it_is(fresh_app: QuartApp) -> None:
    @fresh_app.websocket("/live")
    @login_required
    async def live() -> None:
        raise AssertionError("Nobody gets here.")

    async with serving(fresh_app) as port, open_socket(port, "/live") as client:
        status, headers = await read_refusal(client)

    assert (status, headers["content-type"]) == (401, "application/problem+json")
