"""The Quart of this project: limits, refusals and second tries that the stock one lacks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from inspect import CO_COROUTINE
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart import Quart, request, websocket
from quart import Request as QuartRequest
from quart import Websocket as QuartWebsocket
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from quart.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter

from quartapp.asgi.connection import HTTPConnection, WebsocketConnection
from quartapp.asgi.intake import Inbox, Intake, Receive, Send, Tap
from quartapp.asgi.json_provider import JSONProvider
from quartapp.asgi.overload import ALWAYS, refuse
from quartapp.asgi.proxy import Scope
from quartapp.asgi.sanity import MAX_INTEGER
from quartapp.asgi.scope import (
    FAULT,
    TAP,
    Answer,
    Finish,
    choose_request_id,
    has_two_lengths,
    make_sound,
)
from quartapp.asgi.wrappers import Request, SocketClosedError, Websocket
from quartapp.database import SAFE_METHODS, is_retriable
from quartapp.errors import AppError, BadRequestError, UnavailableError
from quartapp.extensions import db, limiter
from quartapp.log import request_id
from quartapp.rendering import RenderingQuart
from quartapp.security import SIGNING, has_api_token
from quartapp.texts import Text

TRIES = 3  # of a view whose transaction loses the race
CLOSE_SECONDS = 2.0  # for a socket's client to answer the close, then as long for its handler
POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1008, 1011, 1013


class IdConverter(BaseConverter):
    """`<id:entity_id>`: 1 to 2^63-1, as a database counts, in its one spelling."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_INTEGER:
            raise NotFound  # a ValidationError would be 405 where another method has the same rule
        return number


class SessionInterface(SecureCookieSessionInterface):
    """Quart's, which costs nothing where a request has no cookie and the view needs no session.

    It signs as we do.
    """

    digest_method = staticmethod(SIGNING["digest_method"])
    key_derivation = SIGNING["key_derivation"]

    async def open_session(self, app: Quart, request: Any) -> SecureCookieSession | None:
        if "Cookie" not in request.headers and app.secret_key:
            return self.session_class()
        return await super().open_session(app, request)

    async def save_session(self, app: Quart, session: SessionMixin, response: Any) -> None:
        """Leave public answers as they are: Quart 0.23 lets every answer vary by the cookie."""
        if not session and not session.modified and not session.accessed:
            return
        if session.modified or response is None or not response.cache_control.public:
            await super().save_session(app, session, response)


class QuartApp(RenderingQuart):
    request_class = Request
    websocket_class = Websocket
    session_interface = SessionInterface()
    asgi_http_class = HTTPConnection
    asgi_websocket_class = WebsocketConnection
    default_config = ImmutableDict(
        Quart.default_config
        | {"MAX_CONTENT_LENGTH": 1024 * 1024, "TRUSTED_HOSTS": [], "TRUSTED_PROXIES": []}
        | {"MAX_IN_FLIGHT": 1000}
    )

    json_provider_class = JSONProvider
    finish_headers: Finish = list  # of every answer, as quartapp.headers has it
    draining = False  # on the way out: no new sockets
    hears_out_first = False  # for servers that end a connection with their answer's last byte

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sockets: set[Websocket] = set()
        self.in_flight = self.refused = 0  # requests
        self.url_map.converters["id"] = IdConverter
        # First of all hooks: nothing reads a request before it was found sound.
        self.before_request(self._check_request)
        self.before_websocket(self._check_socket)

    async def _check_request(self) -> None:
        refuse_fault(request.scope)
        refuse_token_in_address(request)
        view = self.view_functions.get(request.endpoint or "")
        if (limit := getattr(view, "max_content_length", None)) is not None:
            request.max_content_length = limit

    async def _check_socket(self) -> None:
        refuse_fault(websocket.scope)
        refuse_token_in_address(websocket)
        if self.draining:
            raise UnavailableError(Text("The server is about to restart."))

    # --- from the server to Quart ---

    async def asgi_app(
        self, scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await super().asgi_app(scope, receive, send)
            return
        name = choose_request_id(scope)
        token = request_id.set(name)
        try:
            last = has_two_lengths(cast(Scope, scope))  # what follows may be no request
            answer = Answer(cast(Send, send), name, self.finish_headers, is_last=last)
            if scope["type"] == "websocket":
                await self._pass_on(scope, cast(Receive, receive), answer)
            elif self.is_busy and scope["path"] not in ALWAYS:
                self.refused += 1
                await refuse(cast(Scope, scope), answer, name)
            else:
                with self._counted():
                    await self._pass_on(scope, cast(Receive, receive), answer)
        finally:
            request_id.reset(token)

    @property
    def is_busy(self) -> bool:
        return self.in_flight >= int(self.config["MAX_IN_FLIGHT"])

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def _pass_on(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        # Who looks after the process asks it by its address, or by none.
        hosts = () if scope["path"] in ALWAYS else self.config["TRUSTED_HOSTS"]
        scope = make_sound(scope, proxies=self.config["TRUSTED_PROXIES"], hosts=hosts)
        tap = self._make_tap(scope, receive, answer)
        try:
            await super().asgi_app(
                cast(Any, scope | {TAP: tap}), cast(Any, tap.receive), cast(Any, answer.send)
            )
        except Exception:
            self.logger.exception("Failed outside of any error handler.")
            await answer.send_error()

    def _make_tap(self, scope: Scope, receive: Receive, answer: Answer) -> Tap:
        if scope["type"] == "websocket":
            return Inbox(receive, answer.send)
        limit = self.config["MAX_CONTENT_LENGTH"]
        # Not every server tells of a body before it comes; who only reads has none that counts.
        expects = scope["method"] not in SAFE_METHODS
        intake = Intake(receive, scope["headers"], limit, expects_body=expects)
        answer.before_end = intake.drain
        return intake

    # --- before the view: the hooks, then the limits, as by then it is known who asks ---

    async def preprocess_request(self, *args: Any) -> ResponseReturnValue | None:
        try:
            return await super().preprocess_request(*args)
        finally:  # what a hook refuses counts as well
            await limiter.check_request()

    async def preprocess_websocket(self, *args: Any) -> ResponseReturnValue | None:
        try:
            return await super().preprocess_websocket(*args)
        finally:
            await limiter.check_request()

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """Return *func* as Quart awaits it; for the usual case without a look at its source."""
        code = getattr(func, "__code__", None)
        if code is not None and code.co_flags & CO_COROUTINE:
            return func
        return super().ensure_async(func)

    # --- requests ---

    async def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        """Call the view, and again when its transaction lost a race and was undone."""
        for _ in range(TRIES - 1):
            try:
                return await super().dispatch_request(*args, **kwargs)
            except Exception as error:
                if not await self.may_run_again(error):
                    raise
                await self.run_hooks()
        return await super().dispatch_request(*args, **kwargs)

    async def may_run_again(self, error: Exception) -> bool:
        """Say whether a view may start over after *error*; if so, with a new session."""
        if not is_retriable(error):
            return False
        await db.discard()
        return True

    async def run_hooks(self) -> None:
        """Run what comes before the view: what it loaded belonged to the session that is gone."""
        for name in (None, *reversed(request.blueprints)):
            for hook in self.before_request_funcs.get(name, ()):
                await self.ensure_async(hook)()

    # --- sockets ---

    async def handle_websocket(self, websocket: QuartWebsocket) -> Any:
        socket = cast(Websocket, websocket)
        socket.handler = asyncio.current_task()
        socket.check_message = limiter.check_message
        self.sockets.add(socket)
        try:
            return await super().handle_websocket(socket)
        finally:
            self.sockets.discard(socket)

    async def dispatch_websocket(self, *args: Any, **kwargs: Any) -> Any:
        """Call the handler; what it raises after the handshake is told by how the socket closes."""
        try:
            return await super().dispatch_websocket(*args, **kwargs)
        except SocketClosedError:
            return None
        except Exception as error:
            socket = cast(Websocket, websocket)
            if not socket.accepted:
                raise
            code, reason = explain_close(error)
            await socket.close(code, reason)
            if code == INTERNAL_ERROR:
                raise
            return None

    async def close_sockets(
        self, code: int, reason: str = "", chosen: Iterable[Websocket] | None = None
    ) -> None:
        """Close these sockets, or all; what still runs when its client does not answer, ends."""
        sockets = list(self.sockets if chosen is None else chosen)
        handlers = [socket.handler for socket in sockets if socket.handler is not None]
        with suppress(TimeoutError):  # one that takes nothing would hold up all
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(
                    *(socket.close(code, reason) for socket in sockets), return_exceptions=True
                )
        await wait_for_all(handlers)
        for socket in sockets:
            socket.abandon()
        await wait_for_all(handlers)


def refuse_fault(scope: Any) -> None:
    if fault := scope.get(FAULT):
        raise BadRequestError(fault)


def refuse_token_in_address(asked: QuartRequest | QuartWebsocket) -> None:
    """Refuse a token where logs, histories and other sites would read it."""
    query = unquote_to_bytes(asked.query_string).decode()
    if has_api_token(f"{asked.path}?{query}"):
        raise BadRequestError(
            Text(
                "A token belongs in the Authorization header."
                " Revoke this one: addresses are logged."
            )
        )


def explain_close(error: Exception) -> tuple[int, str]:
    if isinstance(error, AppError):
        return (TRY_AGAIN_LATER if error.status >= 500 else POLICY_VIOLATION), str(error)
    if isinstance(error, HTTPException):
        return POLICY_VIOLATION, error.description or error.name
    return INTERNAL_ERROR, "Something went wrong here; it has been noted."


async def wait_for_all(tasks: list[asyncio.Task[Any]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
