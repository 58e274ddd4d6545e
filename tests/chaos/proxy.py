"""A link that can be spoilt while it is in use: whoever is behind it seems slow, silent or gone."""

import asyncio
import math
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

SIZE = 16_384  # bytes that are passed on at once
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: end by RST, and forget what was not sent


@dataclass(eq=False)
class Link:
    """Two ends: of who came, and of where they wanted to go."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    is_deaf: bool = False  # who came was told that nothing more is said
    is_doomed: bool = False  # the next answer is lost, and the link with it

    def cut(self) -> None:
        cut(self.near)
        cut(self.far)


@dataclass(eq=False)
class Proxy:
    """Passes on what comes to `port`, as well as it is let; all may change at any moment."""

    target: tuple[str, int]
    latency: float = 0.0  # s that each piece is late
    rate: float = math.inf  # bytes a second, each way of each connection
    is_resetting: bool = False
    is_deafening: bool = False
    fatal: bytes = b""  # whoever says that gets no answer
    port: int = 0
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    links: set[Link] = field(default_factory=set)
    visits: set[asyncio.Task[None]] = field(default_factory=set)

    # --- what can be done to it

    def dig_hole(self) -> None:
        """Take what comes, connections too, and pass on nothing before `mend`."""
        self.flowing.clear()

    def reset(self) -> None:
        """End all connections by RST, and those that come."""
        self.is_resetting = True
        for link in self.links:
            link.cut()

    def half_close(self) -> None:
        """Say on all connections, and those that come, that nothing more is said; listen on."""
        self.is_deafening = True
        for link in self.links:
            deafen(link)

    def slow_down(self, latency: float = 0.0, rate: float = math.inf) -> None:
        self.latency, self.rate = latency, rate

    def lose_answers(self, fatal: bytes) -> None:
        """End by RST each connection on which that is said, once it was heard and answered."""
        self.fatal = fatal

    def mend(self) -> None:
        """Let all be well; what waited in a hole comes now, as from a network that was cut."""
        self.slow_down()
        self.fatal = b""
        self.is_resetting = self.is_deafening = False
        self.flowing.set()
        for link in self.links:
            if link.is_deaf:
                link.cut()

    # --- what it does

    def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self.visit(reader, writer))
        self.visits.add(task)
        task.add_done_callback(self.visits.discard)

    async def visit(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            if way := await self.find_way():
                await self.join(Link(near, way[1]), reader, way[0])
        finally:
            cut(near)

    async def find_way(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        await self.flowing.wait()
        if not self.is_resetting:
            with suppress(OSError):
                return await asyncio.open_connection(*self.target)
        return None

    async def join(self, link: Link, near: asyncio.StreamReader, far: asyncio.StreamReader) -> None:
        self.links.add(link)
        if self.is_deafening:
            deafen(link)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pass_on(near, link, link.far))
                tasks.create_task(self.pass_on(far, link, link.near))
        except* OSError:
            pass  # one end is gone: so is the other
        finally:
            self.links.discard(link)
            link.cut()

    async def pass_on(
        self, reader: asyncio.StreamReader, link: Link, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(SIZE):
            await asyncio.sleep(self.latency + len(data) / self.rate)
            await self.flowing.wait()
            if self.fatal and writer is link.far and self.fatal in data:
                link.is_doomed = True
            elif link.is_doomed:
                link.cut()
            if writer is link.far or not link.is_deaf:
                writer.write(data)
                await writer.drain()
        await self.flowing.wait()
        end(writer)


def deafen(link: Link) -> None:
    link.is_deaf = True
    end(link.near)


def end(writer: asyncio.StreamWriter) -> None:
    if not writer.is_closing():
        writer.write_eof()


def cut(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST, unless it has ended in order."""
    sock = writer.get_extra_info("socket")
    if sock.fileno() != -1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@asynccontextmanager
async def open_proxy(target: tuple[str, int]) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    proxy.flowing.set()
    server = await asyncio.start_server(proxy.receive, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.visits:
            task.cancel()
        await asyncio.gather(*proxy.visits, return_exceptions=True)
        await asyncio.sleep(0.01)  # for the transports
