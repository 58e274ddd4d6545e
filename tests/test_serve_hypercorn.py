"""What hypercorn would take from its clients, and does not any more."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from hypercorn.protocol.events import Data
from hypercorn.protocol.ws_stream import WSStream
from quart import websocket
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from quartapp import app as app_module
from quartapp import serve_hypercorn
from quartapp.app import QuartApp
from tests.small_app import make_small_app
from tests.wire import Memory, connect, open_socket, read_refusal, serving, shake_hands, until

UPGRADE = "Connection: Upgrade\r\nUpgrade: {}\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
H2C = UPGRADE.format("h2c") + "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PIECE = 65_536
PIECES = 1_600  # 100 MiB


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app()
    app.add_websocket("/echo", view_func=echo)
    app.add_websocket("/tell", view_func=tell)
    return app


@pytest.fixture
async def port(app: QuartApp) -> AsyncIterator[int]:
    async with serving(app) as port:
        yield port


async def tell() -> None:
    while True:
        await websocket.send(bytes(websocket.args.get("size", PIECE, int)))


async def echo() -> None:
    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())


async def ask(port: int, lines: str, more: bytes = b"", target: str = "/echo") -> bytes:
    """Return all that comes until the server ends the connection."""
    reader, writer = await connect(port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode("latin1") + more)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def test_http_2_without_tls_is_not_spoken(port: int) -> None:
    upgraded = await ask(port, H2C + "Connection: close\r\n", target="/nowhere")
    reader, writer = await connect(port)
    writer.write(PREFACE + bytes(9))
    async with asyncio.timeout(10):
        assumed = await reader.read()
    writer.close()

    assert upgraded.startswith(b"HTTP/1.1 404 ")
    assert assumed.startswith(b"HTTP/1.1 400 ")


async def test_connection_that_its_client_has_closed_is_given_back(port: int) -> None:
    writers = []
    for _ in range(20):
        reader, writer = await connect(port)
        writer.write(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
    during = len(asyncio.all_tasks())
    for writer in writers:
        writer.close()

    await until(lambda: len(asyncio.all_tasks()) <= during - 40)


async def test_client_that_leaves_while_it_floods_is_given_back(app: QuartApp, port: int) -> None:
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        cast(Any, client.writer.transport).pause_reading()
        try:
            async with asyncio.timeout(1):
                while True:
                    await client.send(BytesMessage(bytes(PIECE)))
        except TimeoutError:
            pass  # nothing moves any more
    await until(lambda: not app.sockets)


async def test_compression_is_not_negotiated(port: int) -> None:
    offer = (b"Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits")
    async with open_socket(port, "/echo", offer) as client:
        headers = await shake_hands(client)
        await client.say("hello")
        heard = await client.hear()

    assert ("sec-websocket-extensions" in headers, heard) == (False, "hello")


@pytest.mark.parametrize(
    "lines",
    [
        UPGRADE.format("websocket") + KEY,
        UPGRADE.format("websocket") + "Sec-WebSocket-Version: 13\r\n",
        UPGRADE.format("websocket").replace("Upgrade\r", "Upgrade, \xff\r", 1) + KEY,
    ],
    ids=["no version", "no key", "an odd connection"],
)
async def test_handshake_that_is_none_is_refused_and_the_connection_ends(
    port: int, lines: str
) -> None:
    assert (await ask(port, lines)).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 "))


async def test_subprotocol_that_is_no_text_is_not_chosen(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_socket(port, "/echo", (b"Sec-WebSocket-Protocol", b"\xff")) as client:
        await shake_hands(client)
        await client.say("hello")
        assert await client.hear() == "hello"

    assert caplog.records == []


async def test_refusal_says_that_its_connection_ends(port: int) -> None:
    lines = UPGRADE.format("websocket") + KEY + "Sec-WebSocket-Version: 13\r\n"
    answer = await ask(port, lines, target="/nowhere")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


async def test_what_is_said_behind_a_refusal_is_not_heard(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_socket(port, "/nowhere") as client:
        status, _ = await read_refusal(client)
        client.writer.write(b"more" * 10)
        async with asyncio.timeout(10):
            rest = await client.reader.read()

    assert (status, rest, caplog.records) == (404, b"", [])


async def test_message_that_goes_on_behind_the_limit_is_not_kept(port: int) -> None:
    memory = Memory()
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        try:
            for _ in range(PIECES):
                await client.send(BytesMessage(bytes(PIECE), message_finished=False))
        except ConnectionError:
            pass  # the server has had enough

    assert memory.growth() < 32


async def test_message_of_too_many_pieces_is_one_too_long(port: int) -> None:
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        for _ in range(serve_hypercorn.MOST_PIECES + 1):
            client.writer.write(client.protocol.send(BytesMessage(b"", message_finished=False)))
        assert (await client.read_close())[0] == 1009


async def test_long_message_is_not_one_of_many_pieces(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_hypercorn, "TURN", 16)
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        await client.say("a" * PIECE)
        heard = ""
        while len(heard) < PIECE:
            heard += await client.hear()


async def test_others_have_their_turn_in_the_middle_of_many_frames(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, handle = itertools.count(), WSStream.handle
    read: list[tuple[int, int]] = []  # how many bytes, and when

    async def take_turns() -> None:
        while True:
            next(turns)
            await asyncio.sleep(0)

    async def note(self: WSStream, event: Any) -> None:
        if isinstance(event, Data):
            read.append((len(event.data), next(turns)))
        await handle(self, event)

    monkeypatch.setattr(WSStream, "handle", note)
    async with open_socket(port, "/echo") as client, asyncio.TaskGroup() as group:
        await shake_hands(client)
        other = group.create_task(take_turns())
        burst = [
            client.protocol.send(BytesMessage(b"", message_finished=n == 1999)) for n in range(2000)
        ]
        client.writer.write(b"".join(burst))
        await client.hear()
        other.cancel()

    sizes, times = zip(*read, strict=True)
    assert (sum(sizes), max(sizes)) == (12_000, serve_hypercorn.TURN)
    assert all(later - earlier > 1 for earlier, later in itertools.pairwise(times))


async def test_who_sent_too_much_hears_why_and_is_left(port: int) -> None:
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        await client.send(TextMessage("a" * (PIECE + 1)))
        event = await client.next()
        async with asyncio.timeout(10):
            rest = await client.reader.read()

    assert isinstance(event, CloseConnection)
    assert (event.code, rest) == (1009, b"")


async def test_little_waits_for_a_client_that_takes_nothing(
    app: QuartApp, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections, run = [], serve_hypercorn.Connection.run

    async def note(self: serve_hypercorn.Connection) -> None:
        connections.append(self)
        await run(self)

    def measure() -> int:
        size: int = connections[-1].writer.transport.get_write_buffer_size()  # type: ignore[attr-defined]
        return size

    monkeypatch.setattr(serve_hypercorn.Connection, "run", note)
    async with open_socket(port, "/tell?size=1000") as client:
        await shake_hands(client)
        cast(Any, client.writer.transport).pause_reading()
        await until(lambda: measure() > serve_hypercorn.UNTAKEN)
        await asyncio.sleep(0.1)  # for more, if more were let in
        assert measure() < serve_hypercorn.UNTAKEN + 2 * 1000


async def test_client_that_takes_nothing_is_left(
    app: QuartApp, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(serve_hypercorn, "LINGER_SECONDS", 0.2)
    async with open_socket(port, "/tell") as client:
        await shake_hands(client)
        cast(Any, client.writer.transport).pause_reading()
        await asyncio.sleep(0.5)  # until the server is stuck
        tasks = len(asyncio.all_tasks())
        async with asyncio.timeout(5):
            await app.close_sockets(1013)
        await until(lambda: len(asyncio.all_tasks()) < tasks)

        assert app.sockets == set()
