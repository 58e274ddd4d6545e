"""Requests as bytes, given to an app as hypercorn gives them: Quart's client cleans too much."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from quart import Quart

PIECE = 64 * 1024  # bytes that a server reads at once
PATIENCE = 20.0  # seconds for an answer
CUT_OFF = 599  # of an answer that began well, and never came to its end
Headers = dict[str, bytes]


@dataclass(frozen=True)
class Call:
    """One request, or the handshake of a socket and what is said on it."""

    method: str
    target: bytes
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    is_chunked: bool = False

    def with_headers(self, headers: Headers) -> "Call":
        return replace(self, headers=self.headers | headers)

    def list_headers(self) -> list[tuple[bytes, bytes]]:
        sent = {"Host": b"localhost"} | self.headers
        if self.is_chunked:
            sent["Transfer-Encoding"] = b"chunked"
        elif self.body:
            sent["Content-Length"] = b"%d" % len(self.body)
        return [(name.lower().encode(), value) for name, value in sent.items()]

    def write(self) -> bytes:
        """Return it as it goes over a wire, in chunks if so."""
        head = b"%s %s HTTP/1.1\r\n" % (self.method.encode(), self.target)
        lines = b"".join(b"%s: %s\r\n" % line for line in self.list_headers())
        body = self.body
        if self.is_chunked:
            pieces = (body[start : start + PIECE] for start in range(0, len(body), PIECE))
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
            body += b"0\r\n\r\n"
        return head + lines + b"Connection: close\r\n\r\n" + body

    def make_scope(self) -> dict[str, Any]:
        path, _, query = self.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"spec_version": "2.3", "version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": self.list_headers(),
            "client": ("127.0.0.1", 50000),
            "server": ("localhost", 80),
            "state": {},
            "extensions": {},
        }


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


async def call(app: Quart, asked: Call) -> Reply:
    """Return what the app answers; whatever it raises is the test's."""
    pieces = give_pieces(asked.body)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return await anext(pieces)

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(PATIENCE):
        await app(asked.make_scope(), receive, send)  # type: ignore[arg-type]
    return read_reply(sent)


async def give_pieces(body: bytes) -> AsyncIterator[dict[str, Any]]:
    for start in range(0, len(body), PIECE):
        piece, more = body[start : start + PIECE], start + PIECE < len(body)
        yield {"type": "http.request", "body": piece, "more_body": more}
    if not body:
        yield {"type": "http.request", "body": b"", "more_body": False}
    await asyncio.Event().wait()  # the client stays until it is answered


def read_reply(sent: list[dict[str, Any]]) -> Reply:
    first, *rest = sent
    named = {name.decode().lower(): value.decode("latin1") for name, value in first["headers"]}
    body = b"".join(message.get("body", b"") for message in rest)
    is_whole = bool(rest) and not rest[-1].get("more_body")
    return Reply(first["status"] if is_whole else CUT_OFF, named, body)


async def call_socket(app: Quart, asked: Call) -> Reply:
    """Shake hands, say the body if there is one, and leave.

    The status is that of a refusal, or how the socket was closed: 1000 when the client left first.
    """
    sent: list[dict[str, Any]] = []
    messages = say(asked.body, sent)

    async def receive() -> dict[str, Any]:
        return await anext(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = asked.make_scope() | {"type": "websocket", "scheme": "ws", "subprotocols": []}
    scope["extensions"] = {"websocket.http.response": {}}
    async with asyncio.timeout(PATIENCE):
        await app(scope, receive, send)  # type: ignore[arg-type]
    if sent[0]["type"] == "websocket.http.response.start":
        return read_reply(sent)
    said = b"".join((one.get("text") or "").encode() + (one.get("bytes") or b"") for one in sent)
    closes = [one["code"] for one in sent if one["type"] == "websocket.close"]
    return Reply(closes[0] if closes else 1000, {}, said)


async def say(body: bytes, sent: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """Yield what the client does, each after the app has had its turn."""
    yield {"type": "websocket.connect"}
    await hear(sent, 2)  # it accepts, and says that it is connected
    if body:
        yield {"type": "websocket.receive", "text": None, "bytes": None} | name_message(body)
        await hear(sent, len(sent) + 1)
    yield {"type": "websocket.disconnect", "code": 1000}
    await asyncio.Event().wait()


async def hear(sent: list[dict[str, Any]], count: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while len(sent) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


def name_message(body: bytes) -> dict[str, Any]:
    """A message is text where it can be one; a server closes on text that is not UTF-8."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"bytes": body}
