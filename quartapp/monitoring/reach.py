"""The way to a site: its name, its addresses, one of them that answers, TLS."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from yarl import URL

from quartapp.models.address import Address, RefusedError, read_address
from quartapp.models.look import Reason
from quartapp.monitoring.client import Client
from quartapp.monitoring.connection import Connection, speak
from quartapp.monitoring.guard import open_socket
from quartapp.monitoring.names import Names
from quartapp.monitoring.reasons import LookError, explain
from quartapp.monitoring.visit import Visit
from quartapp.texts import Text

CONNECT_TIMEOUT = 5.0  # s, for all addresses of a site together
TLS_TIMEOUT = 5.0  # s
NAMES_TIMEOUT = 20.0  # s until a thread is free
MAX_ADDRESSES = 4  # of one name that are tried

# Which failure of several addresses is told.
RANKS = [Reason.RESOURCES, Reason.CONNECT, Reason.TIMEOUT, Reason.NETWORK, Reason.BLOCKED]


async def reach(client: Client, visit: Visit, url: URL, held: AsyncExitStack) -> Connection:
    """Connect to the site of *url*; *held* ends the connection and gives the lanes free."""
    host = (url.raw_host or "").rstrip(".")
    await visit.queue(held, client.hosts, host)
    addresses = await find_addresses(client.names, visit, url)
    sock = await connect(client, visit, addresses[:MAX_ADDRESSES], url.port or 0, held)
    connection = await shake_hands(client, visit, sock, host, is_secure=url.scheme == "https")
    held.callback(connection.wire.abort)
    return connection


async def find_addresses(names: Names, visit: Visit, url: URL) -> list[Address]:
    host = url.raw_host or ""
    literal = read_address(host)
    if literal is not None:
        return [literal]
    async with AsyncExitStack() as held:
        await visit.wait(held, take_place(names))
    with visit.measure("dns"):
        try:
            addresses = await names.resolve(host, url.port or 0)
        except RuntimeError:
            raise LookError(
                Reason.RESOURCES, Text("This machine starts no more threads.")
            ) from None
        except UnicodeError:
            raise LookError(Reason.DNS, Text("The name is none that DNS knows.")) from None
    if not addresses:
        raise LookError(Reason.DNS, Text("The name leads to no address."))
    return addresses


@asynccontextmanager
async def take_place(names: Names) -> AsyncIterator[None]:
    """Wait until a thread is free; the thread itself gives its place back."""
    try:
        async with asyncio.timeout(NAMES_TIMEOUT):
            await names.take_place()
    except TimeoutError:
        raise LookError(Reason.RESOURCES, Text("Too many names are being looked up.")) from None
    yield


async def connect(
    client: Client, visit: Visit, addresses: list[Address], port: int, held: AsyncExitStack
) -> socket.socket:
    """Connect to the first address that takes it; *held* keeps its lane, and closes the socket."""
    loop = asyncio.get_running_loop()
    failures: list[Exception] = []
    left = CONNECT_TIMEOUT
    for number, address in enumerate(addresses):
        host = str(address)
        async with AsyncExitStack() as lane:
            await visit.queue(lane, client.addresses, host)
            begin = time.monotonic()
            try:
                sock = lane.enter_context(open_socket(address, client.allowed))
                with visit.measure("connect"):
                    async with asyncio.timeout(left / (len(addresses) - number)):
                        await loop.sock_connect(sock, (host, port))
            except (OSError, RefusedError) as error:
                failures.append(error)
                left = max(0.0, left - (time.monotonic() - begin))
                continue
            held.push_async_exit(lane.pop_all())
            return sock
    raise min(failures, key=rank)


def rank(failure: Exception) -> int:
    reason, _ = explain(failure)
    return RANKS.index(reason) if reason in RANKS else len(RANKS)


async def shake_hands(
    client: Client, visit: Visit, sock: socket.socket, host: str, *, is_secure: bool
) -> Connection:
    if not is_secure:
        return await speak(sock, None, host)
    with visit.measure("tls"):
        try:
            async with asyncio.timeout(TLS_TIMEOUT):
                return await speak(sock, client.tls, host)
        except (ssl.SSLError, TimeoutError):
            raise
        except ConnectionError:
            raise LookError(
                Reason.TLS, Text("The site hung up during the TLS handshake.")
            ) from None
