"""Run the application with granian in this process: an HTTP server in Rust, as an extra.

It is started and stopped as hypercorn is in quartapp.serve, which calls it in hypercorn's place.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import click
from granian import net
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from hypercorn.utils import LifespanFailureError

from quartapp.app import QuartApp
from quartapp.serve import ServeConfig

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CLOSE = (b"connection", b"close")
TOO_LONG: Message = {
    "type": "websocket.close",
    "code": 1009,
    "reason": "The message is too long.",
}
BROKEN = 400  # of a request that ends before it is whole: granian would say 500
OLD = 426  # of a web socket by HTTP/1.0, which ends the process of granian 2.8
LEFT: Message = {"type": "websocket.disconnect", "code": 1006}
REASON_BYTES = 123  # that a frame of a close has room for
CUT_SECONDS = 1.0  # for what is cut at the end of the grace to be answered
CONNECTIONS = 8192  # at once, more than the 4096 of deploy/nginx.conf
# Levels alone: granian's own would close the handlers of everybody.
LOGGING = {"incremental": True, "handlers": {}, "loggers": {}}


class OneSocketServer(Server):
    """Granian on a socket that was bound before, whose path is somebody else's to take away."""

    def __init__(self, app: Callable[..., Any], sock: socket.socket, config: ServeConfig) -> None:
        self.sock, self.backlog_of_socket = sock, config.backlog
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            backlog=config.backlog,
            backpressure=CONNECTIONS,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(config.keep_alive_timeout * 1000),
                max_buffer_size=config.h11_max_incomplete_size,
            ),
            log_level=LogLevels.error,
            log_dictconfig=LOGGING,
        )

    def _init_shared_socket(self) -> None:
        self.sock.listen(self.backlog_of_socket)
        is_unix = self.sock.family == getattr(socket, "AF_UNIX", None)
        more = (self.backlog_of_socket,) if sys.platform == "linux" else ()
        make = cast(Any, net).SocketHolder
        self._shd = make(self.sock.detach(), is_unix, *more)

    async def shutdown(self, exit_code: int = 0) -> None:
        await self._stop_workers()  # type: ignore[no-untyped-call]


class Caller:
    """Call the application, and know what it works on."""

    def __init__(self, app: QuartApp, max_message: int) -> None:
        self.app = app
        self.max_message = max_message
        self.tasks: set[asyncio.Task[Any]] = set()
        self.sockets: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        task = this_task()
        self.tasks.add(task)
        try:
            if scope["type"] == "websocket":
                self.sockets.add(task)
                await self._serve_socket(scope, receive, send)
            else:
                await self._serve_request(scope, receive, send)
        finally:
            self.tasks.discard(task)
            self.sockets.discard(task)

    async def _serve_socket(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["http_version"] != "1.1":
            await refuse(send, "websocket.http.response", OLD)
            return
        web_socket = Socket(receive, send, self.max_message)
        await self.app(scope, cast(Any, web_socket.receive), cast(Any, web_socket.send))

    async def _serve_request(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer 400 when the application heard that the client has left, and said nothing."""
        has_begun = False

        async def note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        await self.app(scope, cast(Any, receive), cast(Any, note))
        if not has_begun:
            await refuse(send, "http.response", BROKEN)

    async def sockets_ended(self) -> None:
        if self.sockets:
            await asyncio.wait(self.sockets)

    def cut(self) -> None:
        for task in self.tasks:
            task.cancel()


async def refuse(send: Send, kind: str, status: int) -> None:
    """Answer without a word, as the last of the connection; *kind* is that of the message."""
    headers = [(b"content-length", b"0"), CLOSE]
    with suppress(RuntimeError):  # the client has really left
        await send({"type": f"{kind}.start", "status": status, "headers": headers})
        await send({"type": f"{kind}.body", "body": b"", "more_body": False})


class Socket:
    """A web socket as other servers have it: it can be closed while it waits for a message."""

    def __init__(self, receive: Receive, send: Send, max_message: int) -> None:
        self._receive, self._send = receive, send
        self._max_message = max_message
        self._waiting: asyncio.Task[Message] | None = None
        self._closing = False
        self._closed = asyncio.Event()
        self._refusal = b""

    async def receive(self) -> Message:
        """Return the next message; granian takes in any, and too long a one closes."""
        message = await self._wait()
        data = message.get("bytes") or (message.get("text") or "").encode()
        if len(data) <= self._max_message:
            return message
        await self.send(TOO_LONG)
        return LEFT

    async def _wait(self) -> Message:
        """Wait for a message, or until the close was sent: who hears that the client left, ends."""
        self._waiting = asyncio.create_task(take(self._receive))
        try:
            return await self._waiting
        except asyncio.CancelledError:
            if not self._closing or this_task().cancelling():
                raise
            await self._closed.wait()
            return LEFT

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.close":
            await self._close(message)
        elif message["type"] == "websocket.http.response.body":
            await self._refuse(message)
        else:
            await self._send(message)

    async def _close(self, message: Message) -> None:
        self._closing = True
        await self._stop_waiting()
        reason = (message.get("reason") or "").encode()[:REASON_BYTES].decode(errors="ignore")
        try:
            await self._send({**message, "reason": reason})
        finally:
            self._closed.set()

    async def _refuse(self, message: Message) -> None:
        """Send a body in one piece; a second one would make it granian's own 403."""
        self._refusal += message.get("body", b"")
        if not message.get("more_body"):
            await self._send({**message, "body": self._refusal})

    async def _stop_waiting(self) -> None:
        # Granian would send the close only after the next message of the client.
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait([self._waiting])


def this_task() -> asyncio.Task[Any]:
    return cast(asyncio.Task[Any], asyncio.current_task())


async def take(receive: Receive) -> Message:
    """Make a coroutine of what granian calls one."""
    return await receive()


async def serve(
    app: QuartApp, config: ServeConfig, *, shutdown_trigger: Callable[[], Awaitable[object]]
) -> None:
    """Serve until *shutdown_trigger* returns; finish what is in flight, or cut it at the grace."""
    sock = choose_socket(config)
    await start_up(app, config.startup_timeout)
    app.finish_headers = end_connections(app, app.finish_headers)
    app.hears_out_first = True
    call = Caller(app, config.websocket_max_message_size)
    server = cast(Any, OneSocketServer(call, sock, config))
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.ensure_future(shutdown_trigger())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    with suppress(TimeoutError):
        async with asyncio.timeout(config.graceful_timeout):
            await call.sockets_ended()  # granian would drop them without a word
            server.stop()
            await asyncio.wait([serving])
    server.stop()
    call.cut()
    await asyncio.wait([serving], timeout=CUT_SECONDS)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    await app.shutdown()


def choose_socket(config: ServeConfig) -> socket.socket:
    sockets = config.sockets
    if sockets.secure_sockets or len(sockets.insecure_sockets) != 1:
        raise click.ClickException("Granian listens on one address here, and without TLS.")
    return sockets.insecure_sockets[0]


async def start_up(app: QuartApp, timeout: float) -> None:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            await app.startup()
    except Exception as error:
        raise LifespanFailureError("startup", str(error)) from error


def end_connections(
    app: QuartApp, finish: Callable[[Headers], Headers]
) -> Callable[[Headers], Headers]:
    """Have each answer end its connection while the application is on its way out."""

    def finish_and_end(headers: Headers) -> Headers:
        headers = finish(headers)
        return [*headers, CLOSE] if app.draining else headers

    return finish_and_end
