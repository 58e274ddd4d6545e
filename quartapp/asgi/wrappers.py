"""Requests and sockets that refuse what is too much, unreadable or not to be kept."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import lru_cache
from typing import Any, TypeVar, cast

from quart import Request as QuartRequest
from quart import Websocket as QuartWebsocket
from quart.wrappers.request import Body
from werkzeug.datastructures import Headers

from quartapp.asgi.formparser import Form, FormParser
from quartapp.asgi.intake import Inbox, Intake, Message, Parking
from quartapp.asgi.sanity import is_storable, parse_json
from quartapp.asgi.scope import TAP
from quartapp.errors import BadRequestError, InvalidError, UnsupportedMediaTypeError
from quartapp.texts import Text

View = TypeVar("View", bound=Callable[..., Any])
SUBPROTOCOL = "quartapp"
QUEUES = hasattr(Body, "put")  # Quart 0.23 hands a body on piece by piece, 0.22 gathers it


class SocketClosedError(Exception):
    """The socket was closed from this side; there is nobody left to hear or to answer."""


def limit_body(size: int) -> Callable[[View], View]:
    """Give a view a limit of its own for bodies, in bytes, in place of MAX_CONTENT_LENGTH."""

    def mark(view: View) -> View:
        view.max_content_length = size  # type: ignore[attr-defined]
        return view

    return mark


class LimitedBody(Body):
    """A body that comes when it is asked for, up to the limit of its request."""

    intake: Intake
    heard: bytes | None = None  # all of it, for who takes it piece by piece after that

    async def take(self, data: bytes) -> None:
        if QUEUES:
            await cast(Any, self).put(data)
        else:
            self.append(data)

    def disconnect(self) -> None:
        """Let who reads know that no more comes; Quart 0.22 ends the request alone."""
        if QUEUES:
            cast(Any, super()).disconnect()

    def __await__(self) -> Generator[Any, None, Any]:
        self.intake.ask(whole=True)
        data: bytes = yield from super().__await__()
        self.intake.check()
        self.heard = data
        return data

    async def __anext__(self) -> bytes:
        self.intake.ask(whole=False)
        if self.heard is not None:
            return self._take_heard()
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.intake.check()
            raise

    def _take_heard(self) -> bytes:
        """Return what was waited for, in one piece and once: Quart gives it as it likes."""
        data, self.heard = self.heard, b""
        if not data:
            raise StopAsyncIteration
        return data


class Request(QuartRequest):
    body_class = LimitedBody
    form_data_parser_class = FormParser
    body: LimitedBody

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_content_length": None})
        # One that a test makes by hand did not come through a server.
        tap = cast(Intake | None, self.scope.get(TAP))
        self._intake = tap or Intake(asyncio.Queue[Message]().get)
        self.body.intake = self._intake

    @property
    def blueprints(self) -> list[str]:
        """The names of the blueprints of the view, its own first."""
        return split_endpoint(self.endpoint)

    @property
    def max_content_length(self) -> int | None:
        """The limit of this request's body; a view may set its own before it reads."""
        return self._intake.limit

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._intake.limit = value

    async def get_data(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().get_data(*args, **kwargs)
        except UnicodeDecodeError:
            raise BadRequestError(Text("The body is not encoded as UTF-8.")) from None

    async def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        try:
            return await self._read_json(force, cache)
        except (BadRequestError, InvalidError, UnsupportedMediaTypeError):
            if silent:
                return None
            raise

    async def _read_json(self, force: bool, cache: bool) -> Any:
        if not (force or self.is_json or self._is_empty()):
            raise UnsupportedMediaTypeError(
                Text("Send JSON, with the content type application/json.")
            )
        data = await self.get_data(cache=cache)
        if not data:
            raise BadRequestError(Text("A JSON body is needed."))
        return parse_json(data)

    @property
    async def form(self) -> Form:
        self._expect_form()
        return await super().form

    @property
    async def files(self) -> Form:
        self._expect_form()
        return await super().files

    def _expect_form(self) -> None:
        if self.mimetype not in FormParser.parse_functions and not self._is_empty():
            raise UnsupportedMediaTypeError(
                Text("Send a form, urlencoded or as multipart/form-data.")
            )

    def _is_empty(self) -> bool:
        return not self.content_type and not self._intake.has_body


@lru_cache(maxsize=1024)
def split_endpoint(endpoint: str | None) -> list[str]:
    """Return ["a.b", "a"] for "a.b.view"; Quart does so three times a request."""
    parts = (endpoint or "").split(".")[:-1]
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


class Websocket(QuartWebsocket):
    """A socket that knows how far it is, and takes in a few messages ahead."""

    buffer_class = Parking  # of Quart 0.23
    accepted = False
    closed = False
    handler: asyncio.Task[Any] | None = None
    asker: object = None  # who opened it, noted by who lets people in
    check_message: Callable[[], Awaitable[None]] | None = None  # raises at one that is too many

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tap, nothing = cast(Inbox | None, self.scope.get(TAP)), asyncio.Queue[Message]()
        self._inbox = tap or Inbox(nothing.get, nothing.put)

    async def accept(
        self, headers: dict[str, str] | Headers | None = None, subprotocol: str | None = None
    ) -> None:
        if self.closed:
            raise SocketClosedError
        if self.accepted:  # Quart accepts before each message
            return
        if subprotocol is None and SUBPROTOCOL in self.requested_subprotocols:
            subprotocol = SUBPROTOCOL  # browsers hang up when none of theirs is chosen
        await super().accept(headers, subprotocol)
        self.accepted = True

    async def send_now(self, data: str | bytes) -> None:
        """Send as `send()` does, which lets everybody else have their turn first."""
        await self.accept()
        await self._send(data)

    async def receive(self) -> str | bytes:
        message = await super().receive()
        self._inbox.free()
        if self.check_message is not None:
            await self.check_message()
        if isinstance(message, str) and not is_storable(message):
            raise BadRequestError(Text("The message has a NUL character."))
        return message

    async def receive_json(self) -> Any:
        message = await self.receive()
        return parse_json(message.encode() if isinstance(message, str) else message)

    async def close(self, code: int, reason: str = "") -> None:
        """Close with *code*; once is enough."""
        if self.closed:
            return
        self.closed = True
        await super().close(code, reason)

    def abandon(self) -> None:
        """End the handler as if the client had left."""
        self._inbox.end()
