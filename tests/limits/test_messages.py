"""Messages on sockets are counted, and one too many closes the socket."""

import re
from collections.abc import AsyncIterator

import pytest
from quart import websocket
from wsproto.events import TextMessage

from quartapp.app import QuartApp
from quartapp.limits import unlimited
from tests.wire import SocketClient, open_socket, serving, shake_hands


@pytest.fixture
async def port(fresh_app: QuartApp) -> AsyncIterator[int]:
    """A server whose socket says whatever it is told."""

    @fresh_app.websocket("/echo")
    @unlimited  # to be opened
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    async with serving(fresh_app) as port:
        yield port


async def count_echoes(client: SocketClient, times: int) -> int:
    """Return how many of so many messages come back, before the socket is closed."""
    for number in range(times):
        await client.say("hello")
        if not isinstance(await client.next(), TextMessage):
            return number
    return times


@pytest.mark.parametrize("redis_url", ["memory", "valkey"], indirect=True)
async def test_one_message_too_many_closes_the_socket(port: int) -> None:
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        assert await count_echoes(client, 60) == 60
        await client.say("hello")
        code, reason = await client.read_close()

    assert code == 1008
    assert re.fullmatch(r"That was too often\. Try again in \d+ seconds?\.", reason)


async def test_another_socket_gives_no_more_messages(port: int) -> None:
    async with open_socket(port, "/echo") as one, open_socket(port, "/echo") as other:
        for client in (one, other):
            await shake_hands(client)
        assert await count_echoes(one, 40) == 40
        assert await count_echoes(other, 40) == 20


@pytest.mark.parametrize("settings", [{"RATE_LIMITS": False}])
async def test_without_limits_messages_are_not_counted(port: int) -> None:
    async with open_socket(port, "/echo") as client:
        await shake_hands(client)
        assert await count_echoes(client, 70) == 70
