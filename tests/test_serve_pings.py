"""Clients of web sockets that are gone without a word, and those that only wait."""

import asyncio

import pytest
from hypercorn.protocol.events import Data
from hypercorn.protocol.ws_stream import WSStream
from quart import websocket
from wsproto.events import Pong

from quartapp import serve_hypercorn
from quartapp.app import QuartApp
from tests.small_app import make_small_app
from tests.wire import open_socket, serving, shake_hands, until


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app()
    app.add_websocket("/echo", view_func=echo)
    return app


async def echo() -> None:
    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())


async def test_client_that_is_gone_without_a_word_is_given_back(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_hypercorn, "PING_SECONDS", 0.1)
    monkeypatch.setattr(serve_hypercorn, "GOODBYE_SECONDS", 0.1)
    async with serving(app) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        during = len(app.sockets)
        await until(lambda: not app.sockets)
        heard = await client.reader.read()

    assert during == 1
    assert heard == b"\x89\0\x88\x1a\x03\xf3You do not answer pings."


@pytest.mark.parametrize("says", ["pongs", "messages"])
async def test_client_that_gives_a_sign_of_life_stays(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    streams, wait = [], serve_hypercorn.Stream._wait_for_beat
    monkeypatch.setattr(serve_hypercorn, "PING_SECONDS", 3600)
    monkeypatch.setattr(
        serve_hypercorn.Stream, "_wait_for_beat", lambda self: (streams.append(self), wait(self))
    )
    async with serving(app) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        for _ in range(3):
            streams[0]._beat()
            if says == "messages":
                await client.say("hello")
            else:
                assert await client.reader.readexactly(2) == b"\x89\0"
                await client.send(Pong())
            await until(lambda: streams[0].is_heard)
        await client.say("end")
        heard = [await client.hear()]
        while heard[-1] != "end":
            heard.append(await client.hear())

    assert heard == [*(["hello"] * 3 if says == "messages" else []), "end"]


async def test_client_that_waits_for_us_is_not_taken_for_gone(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says behind that, pongs among it, is not read before."""
    beats, beat = [], serve_hypercorn.Stream._beat
    go_on = asyncio.Event()

    def note(self: serve_hypercorn.Stream) -> None:
        beats.append(self.is_taking)
        beat(self)

    async def wait(self: WSStream, event: Data) -> None:
        await go_on.wait()

    monkeypatch.setattr(serve_hypercorn, "PING_SECONDS", 0.1)
    monkeypatch.setattr(serve_hypercorn.Stream, "_beat", note)
    async with serving(app) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        monkeypatch.setattr(WSStream, "handle", wait)
        await client.say("hello")
        await until(lambda: beats.count(True) > 3)
        monkeypatch.undo()
        go_on.set()

        assert len(app.sockets) == 1
