import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart import abort, request, session, websocket
from quart.testing.connections import WebsocketResponseError
from wsproto.events import CloseConnection

from quartapp import app as app_module
from quartapp.app import QuartApp
from quartapp.errors import ForbiddenError, NotFoundError, UnavailableError
from quartapp.extensions import db
from quartapp.log import request_id
from tests.small_app import call, make_small_app
from tests.wire import (
    connect,
    exchange,
    open_socket,
    read_refusal,
    serving,
    shake_hands,
    until,
    write_request,
)

GIVEN = "given-request-id"
GIVEN_LINE = f"X-Request-ID: {GIVEN}"
GIVEN_HEADER = (b"x-request-id", GIVEN.encode())
NOTED = "Something went wrong here; it has been noted."


@pytest.fixture
def app() -> QuartApp:
    return make_small_app()


# --- what is refused before a view is asked ------------------------------------------------------

BAD_TARGETS = ["?a", "*", "http://localhost/", "/%00", "/%ff", "/a%0d%0a", "/?q=%00", "/?q=%ff"]


def add_catch_all(app: QuartApp) -> list[str]:
    """Answer every address; return the list of those that reached a view."""
    reached: list[str] = []

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    async def answer(path: str) -> str:
        reached.append(path)
        return "fine"

    @app.websocket("/", defaults={"path": ""})
    @app.websocket("/<path:path>")
    async def talk(path: str) -> None:
        reached.append(path)
        await websocket.accept()

    return reached


@pytest.mark.parametrize("target", BAD_TARGETS)
async def test_an_address_that_cannot_be_read_is_a_bad_request(app: QuartApp, target: str) -> None:
    reached = add_catch_all(app)

    async with serving(app) as port:
        reply = await exchange(port, write_request(target))
        async with open_socket(port, target) as client:
            status, _ = await read_refusal(client)

    fault = "query" if "q=" in target else "path"
    detail = f"The {fault} of the address cannot be read."
    assert (reply.status, json.loads(reply.body)) == (400, {"detail": detail})
    assert (status, reached) == (400, [])


NASTY = [
    *["", "\xff\xfe", "\x01\x1b", "a" * 3000, "*", "-1", "9" * 30, "1e999", "nan", "%00", "%ff"],
    *['"', '"\\000"', "W/", 'W/"', ";;===", "a=b;q=nan", "text/html;q=1e999", "text/html;q=-1"],
    *["bytes=-1", "bytes=9-1", "bytes=0-1,3-4", f"bytes={'9' * 30}-", "lines=1-2"],
    *["Basic !", "Basic /w==", "Basic AAA=", "Bearer \xff", 'Digest username="\\', "Basic"],
    *["Mon, 01 Jan 0000 00:00:00 GMT", "Thu, 99 Foo 99999 99:99:99 GMT", "session=e30.x.y"],
    *["multipart/form-data", 'multipart/form-data; boundary="', "text/html; charset*=x''%ff"],
    *["application/json; charset=no", "a*=utf-8''%E0", "xn--a", "..", "[::1", "a:b", "::1%x"],
]
HEADERS = [
    *["Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding", "Authorization", "Cookie"],
    *["Cache-Control", "Content-Type", "Content-Encoding", "Date", "Host", "If-Match", "If-Range"],
    *["If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Max-Forwards", "Origin"],
    *["Range", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-ID"],
]


PARTS = [
    *["accept_mimetypes", "accept_languages", "accept_charsets", "accept_encodings", "cookies"],
    *[
        "authorization",
        "cache_control",
        "content_type",
        "mimetype_params",
        "date",
        "host",
        "origin",
    ],
    *["if_match", "if_none_match", "if_modified_since", "if_unmodified_since", "if_range", "range"],
    *[
        "max_forwards",
        "origin",
        "referrer",
        "user_agent",
        "remote_addr",
        "url",
        "base_url",
        "full_path",
    ],
]


@pytest.mark.parametrize("name", HEADERS)
async def test_no_value_of_a_header_is_a_server_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("text")
    app = make_small_app(str(tmp_path), SECRET_KEY="key", TRUSTED_PROXIES=["127.0.0.1"])

    @app.post("/")
    async def read_all() -> str:
        session["seen"] = request.url
        return str(len([getattr(request, part) for part in PARTS]))

    async def ask(port: int, value: str) -> tuple[str, int]:
        request = write_request(target, f"{name}: {value}", method=method)
        return value, (await exchange(port, request)).status

    is_for_files = name.startswith(("If-", "Range"))
    method, target = ("GET", "/static/file") if is_for_files else ("POST", "/")
    async with serving(app) as port:
        answers = [await ask(port, value) for value in NASTY]

    assert [answer for answer in answers if answer[1] >= 500] == []


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Host: good.example"], 200),
        (["Host: GOOD.example:81"], 200),
        (["Host: a.sub.example"], 200),
        (["Host: evil.example"], 400),
        (["Host: good.example, evil.example"], 400),
        (["Host: "], 400),
        (["Host: a b"], 400),
        (["Host: good.example", "X-Forwarded-Host: evil.example"], 200),
        (["Host: good.example", 'Cookie: a="\\000"'], 400),
        (["Host: good.example", "Cookie: a=\xff"], 400),
    ],
)
async def test_only_our_hosts_are_served(app: QuartApp, lines: list[str], status: int) -> None:
    app.config["TRUSTED_HOSTS"] = ["good.example", ".sub.example"]
    reached = add_catch_all(app)
    upgrade = [
        *lines,
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    async with serving(app) as port:
        reply = await exchange(port, write_request("/", *lines))
        handshake = write_request("/", *upgrade).replace(
            b"Connection: close", b"Connection: upgrade"
        )
        reader, writer = await connect(port)
        writer.write(handshake)
        first = await reader.readline()
        writer.close()

    assert reply.status == status
    assert first.split()[1] == (b"101" if status == 200 else b"400")
    assert len(reached) == (2 if status == 200 else 0)


async def test_http_1_0_without_a_host_is_served_unless_hosts_are_named(app: QuartApp) -> None:
    add_catch_all(app)
    asked = b"GET / HTTP/1.0\r\n\r\n"

    async with serving(app) as port:
        served = await exchange(port, asked)
        app.config["TRUSTED_HOSTS"] = ["good.example"]
        refused = await exchange(port, asked)

    assert (served.status, refused.status) == (200, 400)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("1", 200),
        ("9223372036854775807", 200),
        ("9223372036854775808", 404),
        ("0", 404),
        ("01", 404),
        ("-1", 404),
        ("+1", 404),
        ("1.0", 404),
        ("1e3", 404),
        ("٣", 404),
        ("1" * 200, 404),
        ("", 404),
        ("x", 404),
    ],
)
async def test_an_id_is_what_a_database_counts(app: QuartApp, text: str, status: int) -> None:
    @app.get("/<id:number>")
    async def show(number: int) -> str:
        return repr(number)

    answered, body = await call(app, "GET", f"/{text}")

    assert (answered, body) == (200, text) if status == 200 else answered == 404


async def test_an_id_goes_into_a_link(app: QuartApp) -> None:
    @app.get("/<id:number>")
    async def show(number: int) -> str:
        return app.url_for("show", number=number + 1)

    assert await call(app, "GET", "/41") == (200, "/42")


# --- who asks ------------------------------------------------------------------------------------


def add_mirror(app: QuartApp) -> None:
    @app.get("/")
    async def reflect() -> dict[str, Any]:
        forwarded = [name for name, _ in request.headers if "forwarded" in name.lower()]
        return {"address": request.remote_addr, "url": request.url, "forwarded": forwarded}

    @app.websocket("/")
    async def reflect_socket() -> None:
        await websocket.send_json({"address": websocket.remote_addr, "url": websocket.url})


SAID = ("X-Forwarded-For: 6.6.6.6, 192.0.2.1", "X-Forwarded-Proto: https")
SAID_HEADERS = ((b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-proto", b"https"))


async def test_a_proxy_is_believed_when_it_is_ours(app: QuartApp) -> None:
    add_mirror(app)

    async with serving(app) as port:
        stranger = await exchange(port, write_request("/", *SAID))
        app.config["TRUSTED_PROXIES"] = ["127.0.0.0/8"]
        proxy = await exchange(port, write_request("/", *SAID))
        async with open_socket(port, "/", *SAID_HEADERS) as client:
            await shake_hands(client)
            socket = json.loads(await client.hear())

    assert json.loads(stranger.body) == {
        "address": "127.0.0.1",
        "url": "http://localhost/",
        "forwarded": [],
    }
    assert json.loads(proxy.body) == {
        "address": "192.0.2.1",
        "url": "https://localhost/",
        "forwarded": [],
    }
    assert socket == {"address": "192.0.2.1", "url": "wss://localhost/"}


async def test_a_proxy_on_a_unix_socket_is_believed_when_it_is_ours(
    app: QuartApp, tmp_path: Path
) -> None:
    add_mirror(app)
    path = tmp_path / "socket"

    async with serving(app, path):
        stranger = await exchange(path, write_request("/", *SAID))
        app.config["TRUSTED_PROXIES"] = ["unix"]
        proxy = await exchange(path, write_request("/", *SAID))

    assert json.loads(stranger.body)["url"] == "http://localhost/"
    assert json.loads(proxy.body)["address"] == "192.0.2.1"


# --- the id of a request -------------------------------------------------------------------------


@pytest.fixture
def static_app(tmp_path: Path) -> QuartApp:
    (tmp_path / "file.txt").write_text("text")
    app = make_small_app(str(tmp_path))

    @app.get("/id")
    async def show_id() -> str:
        return request_id.get()

    @app.get("/broken")
    async def fail() -> None:
        raise ZeroDivisionError

    @app.get("/cut")
    async def cut() -> AsyncIterator[bytes]:
        async def stream() -> AsyncIterator[bytes]:
            yield b"first"
            raise ZeroDivisionError

        return stream()

    @app.errorhandler(KeyError)
    async def fail_again(error: KeyError) -> None:
        raise error

    @app.teardown_request
    async def fail_at_the_end(error: BaseException | None) -> None:
        if "late" in request.args:
            raise ZeroDivisionError

    @app.websocket("/socket")
    async def talk() -> None:
        await websocket.send(request_id.get())

    @app.websocket("/refused")
    async def refuse() -> None:
        abort(403)

    return app


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/id", 200),
        ("/static/file.txt", 200),
        ("/nowhere", 404),
        ("/broken", 500),
        ("/id?late", 500),
        ("/cut", 200),
    ],
)
async def test_every_response_has_the_id_of_its_request(
    static_app: QuartApp, target: str, status: int
) -> None:
    async with serving(static_app) as port:
        given = await exchange(port, write_request(target, GIVEN_LINE))
        made = await exchange(port, write_request(target, "X-Request-ID: <script>"))

    assert (given.status, given.headers["x-request-id"]) == (status, GIVEN)
    assert len(made.headers["x-request-id"]) == 32


async def test_the_log_and_the_response_name_the_same_id(static_app: QuartApp) -> None:
    async with serving(static_app) as port:
        replies = await asyncio.gather(*(exchange(port, write_request("/id")) for _ in range(5)))

    ids = [reply.headers["x-request-id"] for reply in replies]
    assert [reply.body.decode() for reply in replies] == ids
    assert len(set(ids)) == 5


async def test_a_socket_has_the_id_of_its_handshake(static_app: QuartApp) -> None:
    async with serving(static_app) as port:
        async with open_socket(port, "/socket", GIVEN_HEADER) as client:
            headers = await shake_hands(client)
            logged = await client.hear()
        async with open_socket(port, "/refused", GIVEN_HEADER) as client:
            status, refusal = await read_refusal(client)

    assert (headers["x-request-id"], logged) == (GIVEN, GIVEN)
    assert (status, refusal["x-request-id"]) == (403, GIVEN)


async def test_what_fails_outside_of_any_handler_is_logged_with_its_id(
    static_app: QuartApp, caplog: pytest.LogCaptureFixture
) -> None:
    ids: list[str] = []
    caplog.handler.addFilter(lambda _: ids.append(request_id.get()) or True)

    async with serving(static_app) as port:
        reply = await exchange(port, write_request("/id?late", GIVEN_LINE))

    assert (reply.status, reply.body) == (500, f"{NOTED}\n".encode())
    assert ids == [GIVEN]
    assert "Failed outside of any error handler." in caplog.text


# --- second tries --------------------------------------------------------------------------------


class LostRaceError(Exception):
    pass


@pytest.fixture
def discarded(app: QuartApp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take LostRaceError for a lost race; return the list that notes what was undone."""
    noted: list[str] = []

    async def discard() -> None:
        noted.append("discarded")

    monkeypatch.setattr(app_module, "is_retriable", lambda error: type(error) is LostRaceError)
    monkeypatch.setattr(db, "discard", discard)
    return noted


@pytest.mark.parametrize(("failures", "status"), [(0, 200), (1, 200), (2, 200), (3, 500)])
async def test_a_view_that_lost_a_race_runs_again(
    app: QuartApp, discarded: list[str], failures: int, status: int
) -> None:
    left = [LostRaceError()] * failures
    runs: list[Any] = []

    @app.post("/")
    async def write() -> str:
        runs.append(await request.get_json())
        if left:
            raise left.pop()
        return "written"

    answered, _ = await call(app, "POST", "/", json={"a": 1})

    assert answered == status
    assert discarded == ["discarded"] * min(failures, 2)
    assert runs == [{"a": 1}] * min(failures + 1, 3)


async def test_a_view_that_fails_otherwise_does_not_run_again(
    app: QuartApp, discarded: list[str]
) -> None:
    runs = []

    @app.get("/")
    async def find() -> None:
        runs.append(1)
        raise NotFoundError("Nothing here.")

    assert await call(app, "GET", "/") == (404, '{"detail":"Nothing here."}\n')
    assert (runs, discarded) == ([1], [])


# --- sockets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "closed"),
    [
        (ForbiddenError("Not for you."), (1008, "Not for you.")),
        (NotFoundError("é" * 100), (1008, "é" * 61)),
        (UnavailableError("The database is away."), (1013, "The database is away.")),
        (ZeroDivisionError(), (1011, NOTED)),
        (None, (1000, "")),
    ],
)
async def test_what_a_handler_raises_is_told_by_the_close(
    app: QuartApp, caplog: pytest.LogCaptureFixture, error: Exception | None, closed: Any
) -> None:
    @app.websocket("/")
    async def fail() -> None:
        await websocket.receive()
        if error is not None:
            raise error

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say("go")
        told = await client.read_close()

    assert told == closed
    assert ("ZeroDivisionError" in caplog.text) == isinstance(error, ZeroDivisionError)


async def test_an_abort_after_the_handshake_is_told_by_the_close(app: QuartApp) -> None:
    @app.websocket("/")
    async def fail() -> None:
        await websocket.accept()
        abort(410, "It is gone.")

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        closed = await client.read_close()

    assert closed == (1008, "It is gone.")


@pytest.mark.parametrize(
    ("error", "status"),
    [(ForbiddenError("Not for you."), 403), (UnavailableError("Away."), 503), (KeyError(), 500)],
)
async def test_what_is_raised_before_the_handshake_is_an_answer(
    app: QuartApp, error: Exception, status: int
) -> None:
    @app.websocket("/")
    async def fail() -> None:
        raise error

    async with serving(app) as port, open_socket(port, "/") as client:
        refused, _ = await read_refusal(client)

    assert refused == status


async def test_text_that_cannot_be_kept_closes_the_socket(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say("a\0b")
        closed = await client.read_close()

    assert closed == (1008, "The message has a NUL character.")


def add_echo(app: QuartApp) -> None:
    @app.websocket("/")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())


async def test_open_sockets_are_known(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port:
        async with open_socket(port, "/") as client:
            await shake_hands(client)
            known = len(app.sockets)
        await until(lambda: not app.sockets)

    assert known == 1


async def test_all_sockets_are_closed_with_the_code(app: QuartApp) -> None:
    add_echo(app)

    async with serving(app) as port, open_socket(port, "/") as one, open_socket(port, "/") as two:
        await shake_hands(one)
        await shake_hands(two)
        closing = asyncio.create_task(app.close_sockets(1012))
        closed = [await one.read_close(), await two.read_close()]
        for client in (one, two):
            await client.send(CloseConnection(1012))
        await asyncio.wait_for(closing, 1)

    assert (closed, app.sockets) == ([(1012, "")] * 2, set())


async def test_a_client_that_does_not_answer_the_close_is_left(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "CLOSE_SECONDS", 0.2)
    ended = []

    @app.websocket("/")
    async def go_on() -> None:
        try:
            await websocket.send("hello")
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.hear()
        await asyncio.wait_for(app.close_sockets(1012), 2)
        closed = await client.read_close()

        assert (closed, ended, app.sockets) == ((1012, ""), ["cancelled"], set())


async def test_a_handler_that_talks_on_after_the_close_ends_quietly(
    app: QuartApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "CLOSE_SECONDS", 0.2)

    @app.websocket("/")
    async def chatter() -> None:
        while True:
            await websocket.send("tick")
            await asyncio.sleep(0.01)

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.hear()
        await asyncio.wait_for(app.close_sockets(1012), 2)
        assert app.sockets == set()

    assert caplog.records == []


async def test_no_sockets_are_closed_at_once(app: QuartApp) -> None:
    await asyncio.wait_for(app.close_sockets(1012), 0.1)


async def test_a_draining_server_opens_no_sockets(app: QuartApp) -> None:
    add_catch_all(app)
    app.draining = True

    async with serving(app) as port:
        page = await exchange(port, write_request("/"))
        async with open_socket(port, "/") as client:
            status, _ = await read_refusal(client)

    assert (page.status, status) == (200, 503)


async def test_a_socket_may_be_closed_twice(
    app: QuartApp, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket("/")
    async def close_twice() -> None:
        await websocket.accept()
        await websocket.close(4000, "first")
        await websocket.close(4001, "second")

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        closed = await client.read_close()

    assert (closed, caplog.records) == ((4000, "first"), [])


async def test_the_test_client_works_with_sockets(app: QuartApp) -> None:
    add_echo(app)

    async with app.test_client().websocket("/") as socket:
        await socket.send("text")
        heard = await socket.receive()
    with pytest.raises(WebsocketResponseError) as caught:
        async with app.test_client().websocket("/nowhere") as socket:
            await socket.receive()

    assert heard == "text"
    assert caught.value.response.status_code == 404
