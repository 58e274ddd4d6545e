"""Every answer names its request, and so does the log."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import abort, request, websocket

from quartapp.app import QuartApp
from quartapp.log import request_id
from tests.small_app import make_small_app
from tests.wire import exchange, open_socket, read_refusal, serving, shake_hands, write_request

GIVEN = "given-request-id"
GIVEN_LINE = f"X-Request-ID: {GIVEN}"
GIVEN_HEADER = (b"x-request-id", GIVEN.encode())
NOTED = "Something went wrong here; it has been noted."


@pytest.fixture
def app(tmp_path: Path) -> QuartApp:
    (tmp_path / "file.txt").write_text("text")
    app = make_small_app(str(tmp_path))

    @app.get("/id")
    async def show_id() -> str:
        return request_id.get()

    @app.get("/broken")
    async def fail() -> str:
        raise ZeroDivisionError

    @app.get("/cut")
    async def cut() -> AsyncIterator[bytes]:
        async def stream() -> AsyncIterator[bytes]:
            yield b"first"
            raise ZeroDivisionError

        return stream()

    @app.teardown_request
    async def fail_at_the_end(error: BaseException | None) -> None:
        if "late" in request.args:
            raise ZeroDivisionError

    @app.websocket("/socket")
    async def talk() -> None:
        await websocket.send(request_id.get())

    @app.websocket("/refused")
    async def refuse() -> None:
        abort(403)

    return app


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/id", 200),
        ("/static/file.txt", 200),
        ("/nowhere", 404),
        ("/broken", 500),
        ("/id?late", 500),
        ("/cut", 200),
    ],
)
async def test_every_response_has_the_id_of_its_request(
    app: QuartApp, target: str, status: int
) -> None:
    async with serving(app) as port:
        given = await exchange(port, write_request(target, GIVEN_LINE))
        made = await exchange(port, write_request(target, "X-Request-ID: <script>"))

    assert (given.status, given.headers["x-request-id"]) == (status, GIVEN)
    assert len(made.headers["x-request-id"]) == 32


async def test_the_log_and_the_response_name_the_same_id(app: QuartApp) -> None:
    async with serving(app) as port:
        replies = await asyncio.gather(*(exchange(port, write_request("/id")) for _ in range(5)))

    ids = [reply.headers["x-request-id"] for reply in replies]
    assert [reply.body.decode() for reply in replies] == ids
    assert len(set(ids)) == 5


async def test_a_socket_has_the_id_of_its_handshake(app: QuartApp) -> None:
    async with serving(app) as port:
        async with open_socket(port, "/socket", GIVEN_HEADER) as client:
            headers = await shake_hands(client)
            logged = await client.hear()
        async with open_socket(port, "/refused", GIVEN_HEADER) as client:
            status, refusal = await read_refusal(client)

    assert (headers["x-request-id"], logged) == (GIVEN, GIVEN)
    assert (status, refusal["x-request-id"]) == (403, GIVEN)


async def test_what_fails_outside_of_any_handler_is_logged_with_its_id(
    app: QuartApp, caplog: pytest.LogCaptureFixture
) -> None:
    ids: list[str] = []

    def note(_: logging.LogRecord) -> bool:
        ids.append(request_id.get())
        return True

    caplog.handler.addFilter(note)

    async with serving(app) as port:
        reply = await exchange(port, write_request("/id?late", GIVEN_LINE))

    assert (reply.status, reply.body) == (500, f"{NOTED}\n".encode())
    assert ids == [GIVEN]
    assert "Failed outside of any error handler." in caplog.text
