"""The proxy that spoils links: what either end notices of each way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import NamedTuple

import pytest

from tests.chaos.proxy import Proxy, open_proxy

pytestmark = pytest.mark.chaos
PATIENCE = 20  # s


class Ends(NamedTuple):
    proxy: Proxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[bytes]  # by the server, which says it again

    async def say(self, word: bytes) -> bytes:
        self.writer.write(word)
        return await asyncio.wait_for(self.reader.read(100), PATIENCE)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    heard: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while word := await reader.read(100_000):
                heard.append(word)
                writer.write(word)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with open_proxy(server.sockets[0].getsockname()[:2]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield Ends(proxy, reader, writer, heard)
        writer.close()
    server.close()
    await asyncio.sleep(0.01)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_sound_link_passes_on_both_ways_and_ends_in_order(ends: Ends) -> None:
    assert await ends.say(b"one") == b"one"

    ends.writer.write_eof()

    assert await asyncio.wait_for(ends.reader.read(), PATIENCE) == b""
    await wait_until(lambda: not ends.proxy.links)


async def test_hole_says_nothing_until_it_is_mended(ends: Ends) -> None:
    await ends.say(b"one")
    ends.proxy.dig_hole()
    ends.writer.write(b"two")
    late, writer = await asyncio.open_connection("127.0.0.1", ends.proxy.port)
    writer.write(b"three")

    for reader in (ends.reader, late):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.1)
    assert ends.heard == [b"one"]

    ends.proxy.mend()

    assert await asyncio.wait_for(ends.reader.read(100), PATIENCE) == b"two"
    assert await asyncio.wait_for(late.read(100), PATIENCE) == b"three"
    writer.close()


async def test_reset_ends_what_is_there_and_what_comes(ends: Ends) -> None:
    await ends.say(b"one")

    ends.proxy.reset()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(ends.reader.read(100), PATIENCE)
    reader, writer = await asyncio.open_connection("127.0.0.1", ends.proxy.port)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(100), PATIENCE)
    writer.close()
    ends.proxy.mend()
    reader, writer = await asyncio.open_connection("127.0.0.1", ends.proxy.port)
    writer.write(b"two")
    assert await asyncio.wait_for(reader.read(100), PATIENCE) == b"two"
    writer.close()


async def test_half_closed_link_hears_and_says_no_more(ends: Ends) -> None:
    await ends.say(b"one")

    ends.proxy.half_close()

    assert await asyncio.wait_for(ends.reader.read(), PATIENCE) == b""
    ends.writer.write(b"two")
    await wait_until(lambda: ends.heard == [b"one", b"two"])
    ends.proxy.mend()
    await wait_until(lambda: not ends.proxy.links)


async def test_answer_to_a_fatal_word_is_lost(ends: Ends) -> None:
    ends.proxy.lose_answers(b"two")
    assert await ends.say(b"one") == b"one"

    with pytest.raises(ConnectionResetError):
        await ends.say(b"two")

    assert ends.heard == [b"one", b"two"]


async def test_slow_link_takes_its_time(ends: Ends) -> None:
    ends.proxy.slow_down(latency=0.1)
    start = time.monotonic()
    assert await ends.say(b"one") == b"one"
    late = time.monotonic() - start

    ends.proxy.slow_down(rate=10_000)
    start = time.monotonic()
    ends.writer.write(bytes(1000))
    await asyncio.wait_for(ends.reader.readexactly(1000), PATIENCE)

    assert late >= 0.2
    assert time.monotonic() - start >= 0.2


async def test_target_that_is_gone_is_a_reset() -> None:
    async with open_proxy(("127.0.0.1", 1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(100), PATIENCE)
        writer.close()
