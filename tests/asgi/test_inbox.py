"""Messages on the wire: no more than the handler takes, and nobody is left hanging."""

import asyncio

import pytest
from quart import websocket
from wsproto.events import BytesMessage

from quartapp.app import QuartApp
from quartapp.asgi import intake
from quartapp.asgi.intake import PARKED_MESSAGES, Inbox, Message
from tests.small_app import make_small_app
from tests.wire import MIB, Memory, open_socket, serving, shake_hands, until

MESSAGES = 3_200  # of 64 KiB: 200 MiB


@pytest.fixture
def app() -> QuartApp:
    return make_small_app()


def make_inbox(*kinds: str) -> Inbox:
    waiting = asyncio.Queue[Message]()
    for kind in kinds:
        waiting.put_nowait({"type": f"websocket.{kind}"})
    return Inbox(waiting.get, waiting.put)


async def test_some_messages_are_taken_ahead_and_no_more() -> None:
    inbox = make_inbox("connect", *["receive"] * 9)

    ahead = [(await inbox.receive())["type"] for _ in range(1 + PARKED_MESSAGES)]
    late = asyncio.ensure_future(inbox.receive())
    await asyncio.sleep(0.01)
    held_back = not late.done()
    inbox.free()

    assert ahead == ["websocket.connect", *["websocket.receive"] * PARKED_MESSAGES]
    assert (held_back, await late) == (True, {"type": "websocket.receive"})


async def test_a_tap_that_was_ended_gives_nothing_more() -> None:
    inbox = make_inbox("receive")
    inbox.end()

    assert (await inbox.receive())["type"] == "websocket.disconnect"


async def test_a_tap_ends_under_whoever_waits() -> None:
    inbox = make_inbox()
    waiting = asyncio.ensure_future(inbox.receive())
    await asyncio.sleep(0.01)
    inbox.end()

    assert (await asyncio.wait_for(waiting, 1))["type"] == "websocket.disconnect"


async def test_a_flooding_client_is_held_back(app: QuartApp) -> None:
    served = asyncio.Event()
    sent = 0

    @app.websocket("/slow")
    async def read_one() -> None:
        await websocket.receive()
        await served.wait()

    async with serving(app) as port, open_socket(port, "/slow") as client:
        await shake_hands(client)
        memory = Memory()
        for _ in range(MESSAGES):
            client.writer.write(client.protocol.send(BytesMessage(b"a" * 65_536)))
            try:
                await asyncio.wait_for(client.writer.drain(), 0.5)
            except TimeoutError:
                break
            sent += 65_536
        served.set()

    assert sent < 32 * MIB
    assert memory.growth() < 32


async def test_messages_come_in_order_however_many(app: QuartApp) -> None:
    heard: list[str | bytes] = []

    @app.websocket("/read")
    async def read() -> None:
        heard.extend([await websocket.receive() for _ in range(100)])
        await websocket.send("done")

    async with serving(app) as port, open_socket(port, "/read") as client:
        await shake_hands(client)
        for number in range(100):
            await client.say(str(number))
        last = await client.hear()

    assert (heard, last) == ([str(number) for number in range(100)], "done")


@pytest.mark.parametrize("message", ["", b"", "text", b"\0bytes"])
async def test_every_kind_of_message_arrives_as_it_is(app: QuartApp, message: str | bytes) -> None:
    heard = []

    @app.websocket("/echo")
    async def echo() -> None:
        heard.append(await websocket.receive())
        await websocket.send(heard[0])

    async with serving(app) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        await client.say(message)
        answer = await client.hear()

    assert (heard, answer) == ([message], message)


async def test_a_socket_whose_messages_nobody_reads_is_closed(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNREAD_SECONDS", 0.2)
    ended = asyncio.Event()

    @app.websocket("/deaf")
    async def send_only() -> None:
        try:
            await websocket.send("hello")
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with serving(app) as port, open_socket(port, "/deaf") as client:
        await shake_hands(client)
        await client.hear()
        for _ in range(PARKED_MESSAGES):
            await client.say("anybody there?")
        closed = await client.read_close()
        await until(ended.is_set)

    assert closed == (1008, "Nobody reads what you send.")


async def test_a_client_that_hangs_on_after_the_end_is_not_waited_for(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 0.2)

    @app.websocket("/brief")
    async def greet() -> None:
        await websocket.send("hello")

    async with serving(app) as port, open_socket(port, "/brief") as client:
        await shake_hands(client)
        heard = [await client.hear(), await client.read_close()]
        end = await asyncio.wait_for(client.reader.read(), 2)

    assert (heard, end) == (["hello", (1000, "")], b"")


async def test_what_a_client_still_says_does_not_cost_it_our_last_words(app: QuartApp) -> None:
    @app.websocket("/brief")
    async def greet() -> None:
        await websocket.receive()
        await websocket.close(4000, "Enough.")

    async with serving(app) as port, open_socket(port, "/brief") as client:
        await shake_hands(client)
        for _ in range(100):
            await client.say(b"a" * 65_536)
        closed = await client.read_close()

    assert closed == (4000, "Enough.")


async def test_a_handler_that_only_sends_ends_when_its_client_leaves(app: QuartApp) -> None:
    ended = asyncio.Event()

    @app.websocket("/deaf")
    async def send_only() -> None:
        try:
            await websocket.send("hello")
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with serving(app) as port:
        async with open_socket(port, "/deaf") as client:
            await shake_hands(client)
            await client.hear()
        await until(ended.is_set)
