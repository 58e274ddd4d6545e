"""Hypercorn's connections, which trust their clients less than its own do.

Hypercorn has no settings for this. What is replaced here is held by tests/test_serve_hypercorn.py.
"""

import asyncio
from dataclasses import replace
from typing import Any, cast

import hypercorn.protocol
from h11 import Request as Head
from hypercorn.asyncio import run, tcp_server
from hypercorn.events import Closed, Updated
from hypercorn.events import Event as Transport
from hypercorn.protocol import h2, h11, ws_stream
from hypercorn.protocol.events import Body, Data, Event, Request, StreamClosed
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WSStream
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

DEFLATE = b"sec-websocket-extensions"
GOODBYE_SECONDS = 1.0  # for a client to hear that its message is too long
# Between two pings of a web socket, which ends if its client says nothing from one to the next:
# hypercorn looks for no pong, and TCP takes a quarter of an hour to notice that nobody is there.
PING_SECONDS = 20.0
LINGER_SECONDS = 30.0  # for a client to take what was said before the end
MOST_PIECES = 2048  # of one message; empty ones cost time and no bytes
# Bytes of web socket frames that are read before others have their turn: 10,000 tiny frames fit
# into what hypercorn reads at once, and keep a processor for a tenth of a second.
TURN = 1024
# Bytes that wait for a client to take them. Of tiny messages each byte costs fifty more until then,
# which was 3 MB a socket with asyncio's usual 64 kB.
UNTAKEN = 8192
CLOSE = (b"connection", b"close")
LEFT = {"type": "websocket.disconnect", "code": 1006}
LISTS = {b"connection", b"sec-websocket-protocol"}  # which hypercorn reads as ASCII, or fails


class Connection(tcp_server.TCPServer):
    """A connection that ends, though its client takes nothing more."""

    async def run(self) -> None:
        self.writer.transport.set_write_buffer_limits(UNTAKEN)
        await super().run()

    async def _close(self) -> None:
        timer = self.loop.call_later(LINGER_SECONDS, self.writer.transport.abort)
        try:
            await super()._close()
        finally:
            timer.cancel()


class Protocol(h11.H11Protocol):
    """HTTP/1 that stays so: HTTP/2 without TLS would get past what a proxy denies."""

    is_over = False

    async def handle(self, event: Transport) -> None:
        await super().handle(event)
        if isinstance(event, Closed):
            self.is_over = True
            await self._stop_waiting()

    async def _maybe_recycle(self) -> None:
        await super()._maybe_recycle()
        await self._stop_waiting()

    async def _stop_waiting(self) -> None:
        """Keep a connection no longer for its next request when its client has left."""
        if self.is_over:
            await self.send(Updated(idle=False))

    async def _check_protocol(self, event: Head) -> None:
        """Take an upgrade to h2c for a header that says nothing."""


class Buffer(ws_stream.WebsocketBuffer):
    """The pieces of one message, none of which is kept beyond the limits."""

    is_over = False
    pieces = 0

    def extend(self, event: Message[Any]) -> None:
        self.pieces += event.frame_finished
        if self.length + len(event.data) > self.max_length or self.pieces > MOST_PIECES:
            self.is_over = True
            raise FrameTooLargeError
        super().extend(event)

    def clear(self) -> None:
        super().clear()
        self.pieces = 0


class Stream(WSStream):
    """A web socket without compression, whose connection ends when it is refused or broken."""

    buffer: Buffer
    is_leaving = False
    is_heard = True  # since the last ping
    is_taking = False  # what it said: who waits for us cannot be heard
    timer: asyncio.TimerHandle | None = None
    telling: asyncio.Future[None] | None = None  # kept, or it might be collected

    async def handle(self, event: Event) -> None:
        if isinstance(event, StreamClosed) and self.timer is not None:
            self.timer.cancel()
        if isinstance(event, StreamClosed) and not self.closed and self.app_put:
            # Beside: who sends to a client that has left waits for us here, and the news would
            # wait behind messages that nobody takes until that is done.
            self.closed = True
            self.telling = asyncio.ensure_future(self.app_put(LEFT))
            return
        if isinstance(event, Request):
            # 300 kB that unfold to 300 MB would be unfolded before they are measured.
            event = replace(event, headers=[one for one in event.headers if is_readable(*one)])
        was_closed = self.closed
        if isinstance(event, Body | Data):
            self.is_taking = True
            await self._handle_data(event.data)
            self.is_taking, self.is_heard = False, True
        else:
            await super().handle(event)
        if self.closed and not was_closed and not isinstance(event, StreamClosed):
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _handle_data(self, data: bytes) -> None:
        for start in range(0, len(data), TURN):
            if start:
                await asyncio.sleep(0)
            if self.closed or self.buffer.is_over or self.state is ASGIWebsocketState.HTTPCLOSED:
                return  # a second answer would break a connection that is refused already
            await super().handle(Data(self.stream_id, data[start : start + TURN]))

    async def _accept(self, message: Any) -> None:
        await super()._accept(message)
        self._wait_for_beat()

    def _wait_for_beat(self) -> None:
        if not self.closed:
            self.timer = asyncio.get_running_loop().call_later(PING_SECONDS, self._beat)

    def _beat(self) -> None:
        """Ask for a sign of life, and leave who has given none since the last time."""
        if self.is_heard or self.is_taking:
            self.is_heard = False
            self.task_group.spawn(self._send_wsproto_event, Ping())
            self._wait_for_beat()
        else:
            gone = CloseConnection(CloseReason.INTERNAL_ERROR, "You do not answer pings.")
            self.task_group.spawn(self._send_wsproto_event, gone)
            self.task_group.spawn(self._leave)

    async def app_send(self, message: Any) -> None:
        """Let nobody wait for room where an application that has ended takes nothing more."""
        if message is None and self.app_put is not None:
            queue = cast(Any, self.app_put).__self__
            self.app_put = forget
            while not queue.empty():
                queue.get_nowait()
        elif message is not None and message["type"] == "websocket.http.response.start":
            # A proxy would keep the connection, and send the next request into its end.
            message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        await super().app_send(message)

    async def _handle_events(self) -> None:
        """End the connection of who sent too much: hypercorn would wait for a goodbye for ever."""
        await super()._handle_events()
        if self.buffer.is_over and not self.is_leaving:
            self.is_leaving = True
            self.task_group.spawn(self._leave)

    async def _leave(self) -> None:
        await self.context.sleep(GOODBYE_SECONDS)
        await self.send(StreamClosed(stream_id=self.stream_id))


async def forget(message: object) -> None:
    """Stand in where nobody listens any more."""


def is_readable(name: bytes, value: bytes) -> bool:
    return name != DEFLATE and (name not in LISTS or value.isascii())


def install() -> None:
    """Have hypercorn make these for each connection."""
    for module, name, ours in (
        (run, "TCPServer", Connection),
        (hypercorn.protocol, "H11Protocol", Protocol),
        (h2, "WSStream", Stream),
        (h11, "WSStream", Stream),
        (ws_stream, "WebsocketBuffer", Buffer),
    ):
        setattr(module, name, ours)
