"""A farm of sites to look at, each on a loopback address of its own, in the loop of the test."""

import asyncio
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from itertools import count
from typing import Any

LOOPBACK = ["127.0.0.0/8", "::1/128"]
FIRST = int.from_bytes(socket.inet_aton("127.1.0.1"))
BACKLOG = 8  # connections that fill a black hole, and more

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Awaitable[None]]


class Farm:
    """Sites and their names; `met` counts who came, `heads` has what they asked."""

    def __init__(self) -> None:
        self.met: Counter[str] = Counter()
        self.heads: dict[str, list[bytes]] = {}
        self._names: dict[str, list[str]] = {}
        self._numbers = count()
        self._servers: list[asyncio.Server] = []
        self._visits: set[asyncio.Task[Any]] = set()
        self._holes = ExitStack()

    async def serve(
        self, behave: Behaviour, tls: ssl.SSLContext | None = None, *, is_eager: bool = False
    ) -> str:
        """Start a site that behaves like that; return its URL, with a name of its own.

        An eager one waits for no request.
        """
        host = self.next_host()
        name = self.name(host)
        port = await self.listen(behave, host, name=name, tls=tls, is_eager=is_eager)
        return f"{'https' if tls else 'http'}://{name}:{port}/"

    async def listen(
        self,
        behave: Behaviour,
        host: str,
        port: int = 0,
        *,
        name: str = "",
        tls: ssl.SSLContext | None = None,
        is_eager: bool = False,
    ) -> int:
        """Behave like that there; return the port."""
        self.heads.setdefault(name or host, [])
        receive = self._receive(name or host, behave, is_eager)
        server = await asyncio.start_server(receive, host, port, ssl=tls)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def dig_hole(self) -> str:
        """Return the URL of a port that takes no connection, and does not say so."""
        host = self.next_host()
        return f"http://{self.name(host)}:{self.dig_hole_at(host)}/"

    def dig_hole_at(self, host: str, port: int = 0) -> int:
        """Fill the queue of a port, from which nobody takes; return the port."""
        hole = self._holes.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(BACKLOG):
            filler = self._holes.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        return int(hole.getsockname()[1])

    def next_host(self) -> str:
        return socket.inet_ntoa((FIRST + next(self._numbers)).to_bytes(4))

    def name(self, *hosts: str, name: str = "") -> str:
        """Give the addresses a name that `lookup` knows."""
        name = name or f"site-{len(self._names)}.farm.test"
        self._names[name] = list(hosts)
        return name

    def find(self, url: str) -> tuple[str, int]:
        """Return the address and the port behind a URL of this farm."""
        name, _, port = url.split("/")[2].partition(":")
        return self._names[name][0], int(port)

    def lookup(self, host: str, port: int, **_: Any) -> list[Any]:
        """Answer as socket.getaddrinfo does, for the names of this farm alone."""
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return make_rows(self._names[host], port)

    def _receive(
        self, name: str, behave: Behaviour, is_eager: bool
    ) -> Callable[[Reader, Writer], None]:
        async def visit(reader: Reader, writer: Writer) -> None:
            self.met[name] += 1
            with closing_by_force(writer), suppress(OSError, asyncio.IncompleteReadError):
                if not is_eager:
                    self.heads[name].append(await reader.readuntil(b"\r\n\r\n"))
                await behave(reader, writer)

        def receive(reader: Reader, writer: Writer) -> None:
            task = asyncio.ensure_future(visit(reader, writer))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

        return receive

    async def close(self) -> None:
        self._holes.close()
        for server in self._servers:
            server.close()
        for task in self._visits:
            task.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await asyncio.sleep(0.01)  # for the transports


@asynccontextmanager
async def open_farm() -> AsyncIterator[Farm]:
    farm = Farm()
    try:
        yield farm
    finally:
        await farm.close()


@contextmanager
def closing_by_force(writer: Writer) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


def make_rows(hosts: Sequence[str], port: int) -> list[Any]:
    """Return what socket.getaddrinfo would."""
    kinds = {True: socket.AF_INET6, False: socket.AF_INET}
    return [(kinds[":" in host], socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]


# --- behaviours


def say(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Send the pieces, then close."""

    async def behave(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            await send(writer, piece, pause)
        writer.close()
        await writer.wait_closed()

    return behave


def hang(*pieces: bytes) -> Behaviour:
    """Send the pieces, then nothing more."""

    async def behave(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            await send(writer, piece)
        await asyncio.Event().wait()

    return behave


def repeat(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Send the piece again and again, for as long as somebody listens."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await send(writer, head)
        while True:
            await send(writer, piece, pause)

    return behave


def reset(*pieces: bytes) -> Behaviour:
    """Send the pieces, then end the connection by RST."""

    async def behave(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            await send(writer, piece)
        await asyncio.sleep(0.05)  # RST throws away what was not read yet
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def half_close(*pieces: bytes) -> Behaviour:
    """Send the pieces, say that nothing more comes, and keep listening."""

    async def behave(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            await send(writer, piece)
        writer.write_eof()
        await asyncio.Event().wait()

    return behave


async def send(writer: Writer, piece: bytes, pause: float = 0.0) -> None:
    writer.write(piece)
    await writer.drain()
    await asyncio.sleep(pause)


# --- answers


def make_answer(
    body: bytes = b"", *, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> bytes:
    return make_head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body


def make_head(status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in (headers or {}).items()]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode()


def make_redirect(location: str, status: str = "302 Found") -> bytes:
    return make_answer(status=status, headers={"Location": location})
