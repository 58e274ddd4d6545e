"""How sockets end: by what a handler raises, and when the server goes."""

import asyncio
from typing import Any

import pytest
from quart import abort, websocket
from quart.testing.connections import WebsocketResponseError
from wsproto.events import CloseConnection

from quartapp import app as app_module
from quartapp.app import QuartApp
from quartapp.errors import ForbiddenError, NotFoundError, UnavailableError
from tests.small_app import make_small_app
from tests.wire import (
    exchange,
    open_socket,
    read_refusal,
    serving,
    shake_hands,
    until,
    write_request,
)

NOTED = "Something went wrong here; it has been noted."


@pytest.fixture
def app() -> QuartApp:
    return make_small_app()


@pytest.mark.parametrize(
    ("error", "closed"),
    [
        (ForbiddenError("Not for you."), (1008, "Not for you.")),
        (NotFoundError("é" * 100), (1008, "é" * 61)),
        (UnavailableError("The database is away."), (1013, "The database is away.")),
        (ZeroDivisionError(), (1011, NOTED)),
        (None, (1000, "")),
    ],
)
async def test_what_a_handler_raises_is_told_by_the_close(
    app: QuartApp, caplog: pytest.LogCaptureFixture, error: Exception | None, closed: Any
) -> None:
    @app.websocket("/")
    async def fail() -> None:
        await websocket.receive()
        if error is not None:
            raise error

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say("go")
        told = await client.read_close()

    assert told == closed
    assert ("ZeroDivisionError" in caplog.text) == isinstance(error, ZeroDivisionError)


async def test_an_abort_after_the_handshake_is_told_by_the_close(app: QuartApp) -> None:
    @app.websocket("/")
    async def fail() -> None:
        await websocket.accept()
        abort(410, "It is gone.")

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        closed = await client.read_close()

    assert closed == (1008, "It is gone.")


@pytest.mark.parametrize(
    ("error", "status"),
    [(ForbiddenError("Not for you."), 403), (UnavailableError("Away."), 503), (KeyError(), 500)],
)
async def test_what_is_raised_before_the_handshake_is_an_answer(
    app: QuartApp, error: Exception, status: int
) -> None:
    @app.websocket("/")
    async def fail() -> None:
        raise error

    async with serving(app) as port, open_socket(port, "/") as client:
        refused, _ = await read_refusal(client)

    assert refused == status


async def test_text_that_cannot_be_kept_closes_the_socket(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say("a\0b")
        closed = await client.read_close()

    assert closed == (1008, "The message has a NUL character.")


def add_echo(app: QuartApp) -> None:
    @app.websocket("/")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())


async def test_open_sockets_are_known(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port:
        async with open_socket(port, "/") as client:
            await shake_hands(client)
            known = len(app.sockets)
        await until(lambda: not app.sockets)

    assert known == 1


async def test_all_sockets_are_closed_with_the_code(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port, open_socket(port, "/") as one, open_socket(port, "/") as two:
        await shake_hands(one)
        await shake_hands(two)
        closing = asyncio.create_task(app.close_sockets(1012))
        closed = [await one.read_close(), await two.read_close()]
        for client in (one, two):
            await client.send(CloseConnection(1012))
        await asyncio.wait_for(closing, 1)

    assert (closed, app.sockets) == ([(1012, "")] * 2, set())


async def test_a_client_that_does_not_answer_the_close_is_left(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "CLOSE_SECONDS", 0.2)
    ended = []

    @app.websocket("/")
    async def go_on() -> None:
        try:
            await websocket.send("hello")
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.hear()
        await asyncio.wait_for(app.close_sockets(1012), 2)
        closed = await client.read_close()

        assert (closed, ended, app.sockets) == ((1012, ""), ["cancelled"], set())


async def test_a_handler_that_talks_on_after_the_close_ends_quietly(
    app: QuartApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "CLOSE_SECONDS", 0.2)

    @app.websocket("/")
    async def chatter() -> None:
        while True:
            await websocket.send("tick")
            await asyncio.sleep(0.01)

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.hear()
        await asyncio.wait_for(app.close_sockets(1012), 2)
        assert app.sockets == set()

    assert caplog.records == []


async def test_no_sockets_are_closed_at_once(app: QuartApp) -> None:
    await asyncio.wait_for(app.close_sockets(1012), 0.1)


async def test_a_draining_server_opens_no_sockets(app: QuartApp) -> None:
    add_echo(app)
    app.draining = True

    async with serving(app) as port:
        page = await exchange(port, write_request("/nowhere"))
        async with open_socket(port, "/") as client:
            status, _ = await read_refusal(client)

    assert (page.status, status) == (404, 503)


async def test_a_socket_may_be_closed_twice(
    app: QuartApp, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket("/")
    async def close_twice() -> None:
        await websocket.accept()
        await websocket.close(4000, "first")
        await websocket.close(4001, "second")

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        closed = await client.read_close()

    assert (closed, caplog.records) == ((4000, "first"), [])


async def test_the_test_client_works_with_sockets(app: QuartApp) -> None:
    add_echo(app)

    async with app.test_client().websocket("/") as socket:
        await socket.send("text")
        heard = await socket.receive()
    with pytest.raises(WebsocketResponseError) as caught:
        async with app.test_client().websocket("/nowhere") as socket:
            await socket.receive()

    assert heard == "text"
    assert caught.value.response.status_code == 404
