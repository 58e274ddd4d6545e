"""What a request goes through before Quart sees it: who asks, what is it called, is it sound."""

import re
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from werkzeug.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from quartapp.asgi.intake import Message, Send
from quartapp.asgi.proxy import Scope, apply_forwarded
from quartapp.asgi.sanity import is_storable
from quartapp.texts import Text

Header = tuple[bytes, bytes]
Headers = list[Header]
Finish = Callable[[Headers], Headers]

FAULT = "quartapp.fault"  # in a scope: why the app has to refuse it
TAP = "quartapp.tap"  # in a scope: the Intake of a request, the Inbox of a socket

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
NUL = re.compile(r"\x00")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
CONTROL_BUT_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # a query may carry lines
RANGE = re.compile(rb"bytes=[0-9]+-[0-9]*")
PATH_BYTES, NAME_BYTES = 2048, 255  # file systems take no longer ones


def make_sound(scope: Scope, *, proxies: Collection[str], hosts: Collection[str]) -> Scope:
    """Return *scope* as the app may read it: forwarded headers resolved, faults marked."""
    scope = drop_odd_ranges(apply_forwarded(scope, proxies))
    if fault := next(find_faults(scope, hosts), ""):
        return defuse(scope) | {FAULT: fault}
    return scope


def drop_odd_ranges(scope: Scope) -> Scope:
    # Quart fails at "the last n bytes"; a server may ignore what it does not offer.
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name != b"range" or RANGE.fullmatch(value)
    ]
    return scope | {"headers": headers}


def find_faults(scope: Scope, hosts: Collection[str]) -> Iterator[str]:
    """Say what Quart, a database or a log would stumble over."""
    if not is_sound_path(scope):
        yield Text("The path of the address cannot be read.")
    if not is_sound_text(unquote_to_bytes(scope["query_string"]), CONTROL_BUT_SPACE):
        yield Text("The query of the address cannot be read.")
    if any(b"\0" in value for _, value in scope["headers"]):
        yield Text("A header has a NUL character.")
    if not is_sound_host(find_values(scope, b"host"), hosts):
        yield Text("This host is not served here.")
    if not is_sound_cookie(";".join(find_values(scope, b"cookie"))):
        yield Text("A cookie cannot be read.")


def is_sound_path(scope: Scope) -> bool:
    # The server has put U+FFFD in `path` where it was not UTF-8.
    raw = scope.get("raw_path")
    path = unquote_to_bytes(quote(scope["path"], errors="surrogatepass") if raw is None else raw)
    if not path.startswith(b"/") or len(path) > PATH_BYTES:
        return False
    return is_sound_text(path, CONTROL) and max(map(len, path.split(b"/"))) <= NAME_BYTES


def is_sound_text(data: bytes, forbidden: re.Pattern[str]) -> bool:
    try:
        return forbidden.search(data.decode()) is None
    except UnicodeDecodeError:
        return False


def is_sound_host(values: list[str], hosts: Collection[str]) -> bool:
    host = values[0] if values else ""
    if not host and not hosts:
        return True  # HTTP/1.0 may come without
    return len(values) == 1 and is_our_host(host, tuple(hosts))


@lru_cache(maxsize=64)
def is_our_host(host: str, hosts: tuple[str, ...]) -> bool:
    if not host_is_trusted(host.lower(), [name.lower() for name in hosts]):
        return False
    try:
        # Werkzeug does so, when it binds and writes addresses.
        return bool(host.encode("idna").decode("idna"))
    except UnicodeError:
        return False


def is_sound_cookie(value: str) -> bool:
    if not value.isascii() and not is_sound_text(value.encode("latin1"), NUL):
        return False
    # A quoted value may spell any byte as an octal number.
    return "\\" not in value or all(map(is_storable, parse_cookie(value).values()))


def find_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin1") for key, value in scope["headers"] if key == name]


def defuse(scope: Scope) -> Scope:
    """Return *scope* with its face kept (the API or a page) and nothing that hurts."""
    root = scope.get("root_path", "")
    path = f"{root}/api/" if scope["path"].startswith(f"{root}/api/") else f"{root}/"
    clean = [
        (name, value)
        for name, value in scope["headers"]
        if b"\0" not in value and name not in (b"host", b"cookie")
    ]
    return scope | {
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*clean, (b"host", b"localhost")],
    }


def choose_request_id(scope: Scope) -> str:
    """Take the id that came along when it is one, else make one."""
    given = find_values(scope, b"x-request-id")
    if len(given) == 1 and REQUEST_ID.fullmatch(given[0]):
        return given[0]
    return uuid.uuid4().hex


def has_two_lengths(scope: Scope) -> bool:
    """Tell whether a server in front may see the end of the body elsewhere (RFC 9112, 6.1)."""
    names = {name for name, _ in scope["headers"]}
    return {b"content-length", b"transfer-encoding"} <= names


class Answer:
    """A `send` that tells the id of the request in whatever it starts."""

    STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}

    def __init__(
        self, send: Send, request_id: str, finish: Finish = list, *, is_last: bool = False
    ) -> None:
        self.before_end: Callable[[], Awaitable[None]] | None = None
        self._started = False
        self._send = send
        self._finish = finish  # what all answers say; a socket that is opened says less
        self._more = [(b"x-request-id", request_id.encode())]
        if is_last:  # on its connection
            self._more.append((b"connection", b"close"))

    async def send(self, message: Message) -> None:
        if message["type"] in self.STARTS:
            self._started = True
            headers = list(message.get("headers", ()))
            if message["type"] != "websocket.accept":
                headers = self._finish(headers)
            message = message | {"headers": [*headers, *self._more]}
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            await self._prepare_end()
        await self._send(message)

    async def _prepare_end(self) -> None:
        if self.before_end is not None:
            await self.before_end()

    async def send_error(self) -> None:
        """Answer 500, when nothing else was said."""
        if not self._started:
            await self.send_text(500, b"Something went wrong here; it has been noted.\n")

    async def send_text(
        self, status: int, text: bytes, kind: bytes = b"text/plain", headers: Iterable[Header] = ()
    ) -> None:
        """Answer by a text that needs no application."""
        about = [(b"content-type", kind), (b"content-length", b"%d" % len(text)), *headers]
        await self.send({"type": "http.response.start", "status": status, "headers": about})
        await self.send({"type": "http.response.body", "body": text, "more_body": False})
