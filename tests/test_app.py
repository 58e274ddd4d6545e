import json
from pathlib import Path
from typing import Any

import pytest
from quart import request, websocket

from quartapp import app as app_module
from quartapp.app import QuartApp
from quartapp.errors import NotFoundError
from quartapp.extensions import db
from tests.small_app import call, make_small_app
from tests.wire import (
    connect,
    exchange,
    open_socket,
    read_refusal,
    serving,
    shake_hands,
    write_request,
)


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
    async def find() -> str:
        runs.append(1)
        raise NotFoundError("Nothing here.")

    assert await call(app, "GET", "/") == (404, '{"detail":"Nothing here."}\n')
    assert (runs, discarded) == ([1], [])
