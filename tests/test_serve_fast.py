"""Granian in the place of hypercorn: the same answers on the wire, and what it needs help with."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click
import pytest
from hypercorn.asyncio import serve as serve_hypercorn
from quart import abort, request, websocket

from quartapp.app import QuartApp
from quartapp.asgi.intake import DRAIN_SECONDS
from quartapp.serve import Run, ServeConfig, load_server
from quartapp.serve_fast import serve as serve_granian
from tests.processes import Program, free_port
from tests.small_app import make_small_app
from tests.wire import (
    connect,
    exchange,
    open_socket,
    parse_reply,
    read_refusal,
    serving,
    shake_hands,
    until,
    write_request,
)

LIMIT = 1000
CHUNKED = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app(MAX_CONTENT_LENGTH=LIMIT)

    @app.route("/", methods=["GET", "POST"])
    async def tell() -> dict[str, Any]:
        return {"body": await request.get_data(as_text=True), "from": request.remote_addr}

    @app.websocket("/echo")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    @app.websocket("/refused")
    async def refuse() -> None:
        abort(409, "Not now.")

    @app.websocket("/closed/<reason>")
    async def close(reason: str) -> None:
        await websocket.accept()
        await websocket.close(4000, reason)

    return app


@pytest.fixture(params=[serve_hypercorn, serve_granian], ids=["hypercorn", "granian"])
def run(request: pytest.FixtureRequest) -> Run:
    run: Run = request.param
    return run


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (write_request("/"), 200, ""),
        (write_request("/", method="POST", body=b"abc"), 200, "abc"),
        (write_request("/", "Transfer-Encoding: chunked", method="POST") + CHUNKED, 200, "abcdefg"),
        (b"GET / HTTP/1.0\r\n\r\n", 200, ""),
        (write_request("/", method="POST", body=b"a" * (LIMIT + 1)), 413, None),
        (write_request("/%00"), 400, None),
        (write_request("/%ff"), 400, None),
    ],
    ids=["get", "post", "chunked", "old", "too-long", "nul", "no-utf-8"],
)
async def test_both_servers_answer_alike(
    app: QuartApp, run: Run, data: bytes, status: int, said: str | None
) -> None:
    async with serving(app, run=run) as port:
        reply = await exchange(port, data)

    assert (reply.status, json.loads(reply.body).get("body")) == (status, said)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"nonsense\r\n\r\n",
        write_request("?a"),
        write_request("/", "Host: a", "Host: b"),
    ],
    ids=["nul", "nonsense", "no-path", "two-hosts"],
)
async def test_both_servers_refuse_what_is_no_request(app: QuartApp, run: Run, data: bytes) -> None:
    async with serving(app, run=run) as port:
        assert (await exchange(port, data)).status == 400


async def test_a_body_that_breaks_off_is_the_fault_of_its_client(app: QuartApp, run: Run) -> None:
    broken = write_request("/", "Transfer-Encoding: chunked", method="POST") + b"x\r\nabc\r\n"
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(broken)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


async def test_what_follows_a_body_of_two_lengths_is_not_read(app: QuartApp, run: Run) -> None:
    lines = ("Content-Length: 60", "Transfer-Encoding: chunked")
    data = write_request("/", *lines, method="POST").replace(b"Connection: close\r\n", b"")
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(data + b"0\r\n\r\n" + write_request("/hidden"))
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_head_has_no_body_on_either_server(app: QuartApp, run: Run) -> None:
    async with serving(app, run=run) as port:
        reply = await exchange(port, write_request("/", method="HEAD"))

    assert (reply.status, reply.body) == (200, b"")


async def test_a_client_that_waits_is_told_to_go_on(app: QuartApp, run: Run) -> None:
    lines = ("Content-Length: 3", "Expect: 100-continue")
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(write_request("/", *lines, method="POST"))
        async with asyncio.timeout(5):
            interim = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"abc")
            reply = parse_reply(await reader.read())
        writer.close()

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert (reply.status, json.loads(reply.body)["body"]) == (200, "abc")


async def test_who_sends_on_hears_why_the_body_was_refused(app: QuartApp, run: Run) -> None:
    data = write_request("/", f"Content-Length: {LIMIT * 10}", method="POST")
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(data)
        for _ in range(10):
            await asyncio.sleep(0.02)  # the 413 is ready
            writer.write(b"a" * LIMIT)
            await writer.drain()
        async with asyncio.timeout(5):
            reply = parse_reply(await reader.read())
        writer.close()

    assert reply.status == 413


async def test_who_was_told_to_go_on_is_heard_out_as_well(app: QuartApp, run: Run) -> None:
    lines = ("Transfer-Encoding: chunked", "Expect: 100-continue")
    piece = b"%x\r\n%b\r\n" % (LIMIT, b"a" * LIMIT)
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(write_request("/", *lines, method="POST"))
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(10):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.02)
            writer.write(b"0\r\n\r\n")
            reply = parse_reply(await reader.read())
        writer.close()

    assert reply.status == 413


async def test_who_waits_to_send_hears_that_it_need_not(app: QuartApp, run: Run) -> None:
    lines = (f"Content-Length: {LIMIT + 1}", "Expect: 100-continue")
    async with serving(app, run=run) as port:
        reader, writer = await connect(port)
        writer.write(write_request("/", *lines, method="POST"))
        async with asyncio.timeout(DRAIN_SECONDS - 1):
            said = await reader.readuntil(b"HTTP/1.1 413 ")  # hypercorn asks for all bodies
        writer.close()

    assert run is serve_hypercorn or said == b"HTTP/1.1 413 "


async def test_a_view_ends_when_its_client_leaves(app: QuartApp, run: Run) -> None:
    happened = []

    @app.get("/long")
    async def wait() -> str:
        happened.append("began")
        try:
            await asyncio.sleep(60)
        finally:
            happened.append("ended")
        return ""

    async with serving(app, run=run) as port:
        _, writer = await connect(port)
        writer.write(write_request("/long"))
        await until(lambda: happened == ["began"])
        writer.close()
        await until(lambda: happened == ["began", "ended"])


async def test_a_socket_of_http_1_0_is_refused(app: QuartApp, run: Run) -> None:
    lines = ("Host: a", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: a")
    handshake = write_request("/echo", *lines).replace(b"Connection: close", b"Connection: upgrade")
    async with serving(app, run=run) as port:
        reply = await exchange(port, handshake.replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert reply.status in (400, 426)


# --- web sockets on granian ----------------------------------------------------------------------


async def test_a_refused_socket_gets_the_answer_of_the_application(app: QuartApp, run: Run) -> None:
    async with serving(app, run=run) as port, open_socket(port, "/refused") as client:
        status, headers = await read_refusal(client)

    assert (status, headers["content-type"]) == (409, "application/json")


async def test_a_socket_that_waits_is_closed_with_the_code(app: QuartApp, run: Run) -> None:
    async with serving(app, run=run) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        await client.say("a")
        await client.hear()
        closing = asyncio.create_task(app.close_sockets(1012, "Come back."))
        closed = await client.read_close()
        client.writer.close()
        await closing

    assert closed == (1012, "Come back.")


@pytest.mark.parametrize(("reason", "heard"), [("short", "short"), ("é" * 100, "é" * 61)])
async def test_a_reason_is_cut_to_what_a_frame_holds(
    app: QuartApp, reason: str, heard: str
) -> None:
    path = f"/closed/{quote(reason)}"
    async with serving(app, run=serve_granian) as port, open_socket(port, path) as client:
        await shake_hands(client)
        closed = await client.read_close()

    assert closed == (4000, heard)


async def test_a_message_may_be_as_long_as_the_settings_say(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServeConfig, "websocket_max_message_size", LIMIT)
    async with serving(app, run=serve_granian) as port, open_socket(port, "/echo") as client:
        await shake_hands(client)
        await client.say(b"a" * LIMIT)
        heard = await client.hear()
        await client.say("é" * (LIMIT // 2 + 1))
        closed = await client.read_close()

    assert (heard, closed) == (b"a" * LIMIT, (1009, "The message is too long."))


# --- the command ---------------------------------------------------------------------------------


def test_what_is_not_installed_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian", None)
    monkeypatch.delitem(sys.modules, "quartapp.serve_fast")

    with pytest.raises(click.ClickException) as caught:
        load_server("granian")

    assert caught.value.format_message() == "--server granian needs: pip install quartapp[fast]"
    assert caught.value.exit_code == 1


def test_granian_refuses_a_second_address(quart: Callable[..., Program]) -> None:
    binds = [f"--bind=127.0.0.1:{free_port()}" for _ in range(2)]
    program = quart("serve", "--server", "granian", *binds)

    assert program.wait() == 1
    assert program.output().splitlines() == [
        "Error: Granian listens on one address here, and without TLS."
    ]
