"""A server that said goodbye and has not hung up yet: PostgreSQL does so when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.engine import make_engine, make_reading
from quartapp.database.failures import Failure, find_failure

WORDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
GOODBYE = b"E" + (len(WORDS) + 4).to_bytes(4) + WORDS


@pytest.fixture
def kind() -> str:
    return "postgres"


@pytest.fixture
async def clients() -> list[asyncio.StreamWriter]:
    """The near ends of all connections that were relayed."""
    return []


@pytest.fixture
async def relayed(url: URL, clients: list[asyncio.StreamWriter]) -> AsyncIterator[AsyncEngine]:
    """An engine whose connections pass through a relay, which can say something by itself."""

    ends: list[asyncio.Future[None]] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(writer)
        ends.append(end := asyncio.get_running_loop().create_future())
        server_reader, server_writer = await asyncio.open_connection(url.host, url.port)
        await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))
        end.set_result(None)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(relay, "127.0.0.1") as server:
        engine = make_engine(url.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
        yield engine
        await engine.dispose()
        await asyncio.gather(*ends)


@pytest.mark.parametrize("reads_only", [True, False])
async def test_who_asks_then_is_told_that_the_database_is_away(
    relayed: AsyncEngine, clients: list[asyncio.StreamWriter], reads_only: bool
) -> None:
    engine = make_reading(relayed) if reads_only else relayed
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    clients[0].write(GOODBYE)
    await asyncio.sleep(0.05)

    with pytest.raises(DBAPIError) as caught:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    async with engine.connect() as connection:
        again = await connection.scalar(text("SELECT 2"))

    assert (find_failure(caught.value), again, len(clients)) == (Failure.AWAY, 2, 2)
