"""Bodies on the wire: more than is wanted stays out, and nobody is left hanging."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import request

from quartapp.app import QuartApp
from quartapp.asgi import intake
from quartapp.asgi.intake import Intake, Message
from quartapp.asgi.wrappers import limit_body
from tests.small_app import make_small_app
from tests.wire import (
    MIB,
    Memory,
    Reply,
    connect,
    exchange,
    parse_reply,
    serving,
    write_request,
)

LIMIT = 100_000
PIECE = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
PIECES = 3_200  # 200 MiB
PART = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
TOO_LARGE = {"detail": f"The body may be {LIMIT} bytes long at most."}


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app(MAX_CONTENT_LENGTH=LIMIT)

    @app.post("/whole")
    async def read_whole() -> dict[str, int]:
        return {"size": len(await request.get_data())}

    @app.post("/pieces")
    async def read_pieces() -> dict[str, int]:
        return {"size": sum([len(piece) async for piece in request.body])}

    @app.post("/form")
    async def read_form() -> dict[str, int]:
        files = await request.files
        return {"size": sum(len(file.read()) for file in files.values())}

    @app.post("/ignored")
    async def ignore() -> dict[str, int]:
        return {"size": -1}

    @app.post("/wide")
    @limit_body(2 * LIMIT)
    async def read_more() -> dict[str, int]:
        return {"size": len(await request.get_data())}

    @app.post("/narrow")
    async def read_less() -> dict[str, int]:
        request.max_content_length = 10
        return {"size": len(await request.get_data())}

    return app


@pytest.fixture
async def port(app: QuartApp) -> AsyncIterator[int]:
    async with serving(app) as port:
        yield port


def write_chunked(target: str, body: bytes, *lines: str) -> bytes:
    head = write_request(target, "Transfer-Encoding: chunked", *lines, method="POST")
    pieces = [body[start : start + 30_000] for start in range(0, len(body), 30_000)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def write_plain(target: str, body: bytes, *lines: str) -> bytes:
    return write_request(target, *lines, method="POST", body=body)


def wrap_file(content: bytes) -> bytes:
    return PART + content + b"\r\n--b--\r\n"


@pytest.mark.parametrize("write", [write_plain, write_chunked])
@pytest.mark.parametrize(
    ("target", "limit"),
    [("/whole", LIMIT), ("/pieces", LIMIT), ("/wide", 2 * LIMIT), ("/narrow", 10)],
)
async def test_a_body_may_be_as_long_as_the_limit(
    port: int, target: str, limit: int, write: Any
) -> None:
    fits = await exchange(port, write(target, b"a" * limit))
    exceeds = await exchange(port, write(target, b"a" * (limit + 1)))

    assert (fits.status, json.loads(fits.body)) == (200, {"size": limit})
    assert (exceeds.status, json.loads(exceeds.body)) == (
        413,
        {"detail": f"The body may be {limit} bytes long at most."},
    )


@pytest.mark.parametrize("write", [write_plain, write_chunked])
async def test_a_multipart_form_may_be_as_long_as_the_limit(port: int, write: Any) -> None:
    size = LIMIT - len(wrap_file(b""))
    line = "Content-Type: multipart/form-data; boundary=b"

    fits = await exchange(port, write("/form", wrap_file(b"a" * size), line))
    exceeds = await exchange(port, write("/form", wrap_file(b"a" * (size + 1)), line))

    assert (fits.status, json.loads(fits.body)) == (200, {"size": size})
    assert (exceeds.status, json.loads(exceeds.body)) == (413, TOO_LARGE)


async def test_an_announced_length_over_the_limit_is_refused_before_it_comes(port: int) -> None:
    reader, writer = await connect(port)
    writer.write(write_request("/whole", "Content-Length: 1000000", method="POST"))

    async with asyncio.timeout(2):
        answer = parse_reply(await reader.readuntil(b'most."}\n'))
    writer.close()

    assert (answer.status, json.loads(answer.body)) == (413, TOO_LARGE)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine hear the answer, too: here it comes after the last byte of the flood."""
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 60.0)


async def flood(port: int, target: str, content_type: str, first: bytes = b"") -> Reply:
    """Send 200 MiB without looking up, then read the answer."""
    lines = ("Transfer-Encoding: chunked", f"Content-Type: {content_type}")
    reader, writer = await connect(port)
    writer.write(write_request(target, *lines, method="POST"))
    writer.write(b"%x\r\n%s\r\n" % (len(first), first) if first else b"")
    for _ in range(PIECES):
        writer.write(PIECE)
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    reply = parse_reply(await reader.read())
    writer.close()
    return reply


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(
    ("target", "kind", "first"),
    [
        ("/whole", "text/plain", b""),
        ("/pieces", "text/plain", b""),
        ("/form", "multipart/form-data; boundary=b", PART),
        ("/form", "application/x-www-form-urlencoded", b""),
    ],
)
async def test_a_body_of_200_mib_is_answered_413_and_costs_no_memory(
    port: int, target: str, kind: str, first: bytes
) -> None:
    memory = Memory()

    reply = await flood(port, target, kind, first)

    assert (reply.status, json.loads(reply.body)) == (413, TOO_LARGE)
    assert memory.growth() < 32


@pytest.mark.usefixtures("patience")
async def test_a_body_that_nobody_reads_costs_no_memory_and_no_answer(port: int) -> None:
    memory = Memory()

    reply = await flood(port, "/ignored", "text/plain")

    assert (reply.status, json.loads(reply.body)) == (200, {"size": -1})
    assert memory.growth() < 32


@pytest.mark.parametrize("target", ["/ignored", "/whole", "/nowhere"])
@pytest.mark.parametrize("size", [10, LIMIT, 2 * MIB])
async def test_a_connection_serves_on_after_a_body_that_was_not_wanted(
    port: int, target: str, size: int
) -> None:
    reader, writer = await connect(port)
    first = write_request(target, method="POST", body=b"a" * size)
    writer.write(first.replace(b"Connection: close\r\n", b""))
    writer.write(write_request("/narrow", method="POST", body=b"0123456789"))

    async with asyncio.timeout(5):
        answers = await reader.read()
    writer.close()

    assert answers.count(b"HTTP/1.1 ") == 2
    assert answers.endswith(b'{"size":10}\n')


async def test_a_client_that_never_ends_its_body_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 0.2)
    unfinished = write_request("/ignored", "Content-Length: 100", method="POST") + b"a" * 50

    reply = await exchange(port, unfinished)

    assert (reply.status, json.loads(reply.body)) == (200, {"size": -1})


async def test_a_client_that_was_heard_out_once_is_not_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    body = Intake(receive, [(b"content-length", b"9")])
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 0.01)
    await body.drain()
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 60.0)
    async with asyncio.timeout(5):
        await body.drain()


async def test_a_body_read_in_pieces_comes_no_faster_than_it_is_read() -> None:
    sent: list[Message] = [
        {"type": "http.request", "body": b"%d" % number, "more_body": True} for number in range(9)
    ]
    waiting = iter(sent)

    async def receive() -> Message:
        return next(waiting)

    body = Intake(receive)
    body.ask(whole=False)
    first = await body.receive()
    second = asyncio.ensure_future(body.receive())
    await asyncio.sleep(0.01)
    held_back = not second.done()
    body.ask(whole=False)

    assert (first, held_back, await second) == (sent[0], True, sent[1])


async def test_an_answer_that_takes_too_long_ends_the_connection(app: QuartApp) -> None:
    app.config["RESPONSE_TIMEOUT"] = 0.2

    async def drip() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(60)
        yield b"never"

    @app.get("/slow")
    async def answer_slowly() -> AsyncIterator[bytes]:
        return drip()

    async with serving(app) as port, asyncio.timeout(3):
        reply = await exchange(port, write_request("/slow"))

    assert reply.body == b"5\r\nfirst\r\n"
