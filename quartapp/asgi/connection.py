"""From a server's calls to a request and back, at the least cost; Quart's own takes two tasks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from inspect import signature
from typing import Any, cast

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, WebsocketScope
from quart import Quart, Request, Response
from quart import Websocket as QuartWebsocket
from quart.asgi import ASGIHTTPConnection, ASGIWebsocketConnection
from quart.debug import traceback_response
from quart.signals import websocket_sent
from quart.typing import ResponseTypes
from quart.utils import encode_headers

from quartapp.asgi.intake import Intake, Parking, do_nothing
from quartapp.asgi.proxy import Scope
from quartapp.asgi.scope import TAP
from quartapp.asgi.wrappers import LimitedBody, Websocket

# s; from then on a request that still runs ends when its client leaves.
UNWATCHED = 0.1
# Quart 0.23 hands the task to cancel to who receives, 0.22 cancels it when that has ended.
CANCELS = "request_task" in signature(ASGIHTTPConnection.handle_messages).parameters


class HTTPConnection(ASGIHTTPConnection):
    """One request, worked on in the server's own task.

    Messages of the client are received beside it only when somebody needs them: who reads the body,
    and who wants to know that the client has left, which counts after UNWATCHED seconds.
    """

    def __init__(self, app: Quart, scope: HTTPScope) -> None:
        super().__init__(app, scope)
        self.intake: Intake = cast(Scope, scope)[TAP]
        self.receiver: asyncio.Task[None] | None = None
        self.has_body = self.intake.is_empty  # all of it
        self.is_watched = False
        self.has_left = False
        self.is_done = False

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        task = cast(asyncio.Task[None], asyncio.current_task())
        request = self._create_request_from_scope(send)

        def start() -> None:
            if self.receiver is None or (self.is_watched and self.receiver.done()):
                self.receiver = asyncio.create_task(self.receive_for(request, receive, task))

        def watch() -> None:
            self.is_watched = True
            start()

        self.intake.start = start
        if self.has_body:
            request.body.set_complete()
        timer = asyncio.get_running_loop().call_later(UNWATCHED, watch)
        try:
            await self.handle_request(request, send)
        except asyncio.CancelledError:
            if not self.has_left or task.uncancel() > 0:
                raise
        finally:
            self.is_done = True
            timer.cancel()
            # What knows itself would wait for the garbage collector, with all that it knows.
            self.intake.start = do_nothing
            receiver, self.receiver = self.receiver, None
            if receiver is not None:
                await end(receiver)

    async def receive_for(
        self, request: Request, receive: ASGIReceiveCallable, handler: asyncio.Task[None]
    ) -> None:
        """Hand the body on; who is watched has left when nothing more comes."""
        body = cast(LimitedBody, request.body)
        while not self.has_body or self.is_watched:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                body.disconnect()
                if not self.is_done:
                    self.has_left = True
                    handler.cancel()  # nobody waits for an answer
                return
            if not self.has_body:  # else the end of it that comes is no news
                await body.take(message["body"])
                self.has_body = not message["more_body"]
            if self.has_body:
                body.set_complete()

    async def handle_request(self, request: Request, send: ASGISendCallable) -> None:
        response = await self.find_response(request)
        timeout = getattr(response, "timeout", ...)
        if timeout is ...:
            timeout = self.app.config["RESPONSE_TIMEOUT"]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._send_response(send, response)

    async def find_response(self, request: Request) -> ResponseTypes:
        try:
            with ungrouping():
                return await self.app.handle_request(request)
        except Exception as error:
            if not (self.app.debug or self.app.testing):
                raise
            return await traceback_response(error)

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
        """Send an answer in two messages when all of it and of its request is there.

        Quart ends each by a third message, before which Intake hears the client out.
        """
        body = response.response
        if not isinstance(body, Response.data_body_class):
            await super()._send_response(send, response)
            return
        if cast(Any, self.app).hears_out_first and not self.intake.is_waited_for:
            await self.intake.drain()
        if not self.intake.is_exhausted:
            await super()._send_response(send, response)
            return
        head = {"status": response.status_code, "headers": encode_headers(response.headers)}
        data = body.data[body.begin : body.end]
        await send(cast(Any, {"type": "http.response.start", **head}))
        await send(cast(Any, {"type": "http.response.body", "body": data, "more_body": False}))


@contextmanager
def ungrouping() -> Iterator[None]:
    """Let a cancellation be one: Quart 0.23 puts into a group what ends a teardown."""
    try:
        yield
    except BaseExceptionGroup as group:
        if group.split(asyncio.CancelledError)[1] is not None:
            raise
        raise asyncio.CancelledError from group


async def end(task: asyncio.Task[None]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait([task])


class WebsocketConnection(ASGIWebsocketConnection):
    """One socket, whose messages the server's own task receives; Quart's makes two more."""

    def __init__(self, app: Quart, scope: WebsocketScope) -> None:
        super().__init__(app, scope)
        self.queue: Any = Parking()  # of Quart 0.22

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        websocket = self._create_websocket_from_scope(send)
        handler = asyncio.create_task(self.handle_websocket(websocket, send))
        extra: Any = (websocket, receive, handler) if CANCELS else (receive,)
        try:
            await self.handle_messages(*extra)  # until the client, or the handler, has left
        finally:
            handler.cancel()
            await asyncio.wait([handler])
        if not handler.cancelled():
            handler.result()

    async def send_data(self, send: ASGISendCallable, data: str | bytes) -> None:
        if websocket_sent.receivers or getattr(self, "_disconnected", False):
            await super().send_data(send, data)
            return
        name, other = ("text", "bytes") if isinstance(data, str) else ("bytes", "text")
        await send(cast(Any, {"type": "websocket.send", name: data, other: None}))

    async def handle_websocket(self, websocket: QuartWebsocket, send: ASGISendCallable) -> None:
        inbox = cast(Scope, self.scope)[TAP]
        try:
            with ungrouping():
                await super().handle_websocket(websocket, send)
            if cast(Websocket, websocket).accepted:
                await inbox.drain()
        finally:
            inbox.end()
