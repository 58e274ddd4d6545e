"""One request, one task: what is slow goes on, and ends when nobody waits for it any more."""

import asyncio
import gc
import weakref
from typing import Any

import pytest
from quart import Response, request, websocket

from quartapp.app import QuartApp
from quartapp.asgi import connection
from tests.small_app import call, make_small_app

SLOW = 0.05  # s, longer than a request goes unwatched here


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def app(ended: list[str], monkeypatch: pytest.MonkeyPatch) -> QuartApp:
    monkeypatch.setattr(connection, "UNWATCHED", 0.01)
    app = make_small_app()

    @app.route("/slow", methods=["GET", "POST"])
    async def slow() -> str:
        await asyncio.sleep(SLOW)
        return f"done {len(await request.get_data())}"

    @app.get("/endless")
    async def endless() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("handler")
        return ""

    @app.get("/stream")
    async def stream() -> Response:
        async def parts() -> Any:
            try:
                while True:
                    yield b"part"
                    await asyncio.sleep(0)
            finally:
                ended.append("stream")

        return Response(parts())

    return app


async def test_slow_request_without_a_body_is_answered(app: QuartApp) -> None:
    assert await call(app, "GET", "/slow") == (200, "done 0")


async def test_slow_request_with_a_body_is_answered(app: QuartApp) -> None:
    assert await call(app, "POST", "/slow", data=b"abc") == (200, "done 3")


@pytest.mark.parametrize(("path", "what"), [("/endless", "handler"), ("/stream", "stream")])
async def test_who_leaves_ends_what_was_begun(
    app: QuartApp, ended: list[str], path: str, what: str
) -> None:
    async with asyncio.timeout(5):
        async with app.test_client().request(path) as client:
            await client.send_complete()
            await asyncio.sleep(SLOW)
            await client.disconnect()

    assert ended == [what]
    assert app.in_flight == 0


def make_scope(kind: str, path: str) -> Any:
    headers = [(b"host", b"localhost")]
    scope = {"type": kind, "http_version": "1.1", "method": "GET", "scheme": kind}
    scope |= {"path": path, "query_string": b"", "root_path": "", "headers": headers}
    return scope | {"subprotocols": [], "extensions": {}}


@pytest.fixture
def torn_down(app: QuartApp) -> asyncio.Event:
    """A teardown that takes long; the event tells that it has begun."""
    begun = asyncio.Event()

    @app.teardown_appcontext
    async def take_long(_: BaseException | None) -> None:
        begun.set()
        await asyncio.sleep(30)

    return begun


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_who_leaves_during_the_teardown_ends_it_without_an_error(
    app: QuartApp, torn_down: asyncio.Event, kind: str
) -> None:
    @app.websocket("/slow")
    async def accept() -> None:
        await websocket.accept()

    messages = [{"type": "websocket.connect"}] if kind == "websocket" else []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await torn_down.wait()
        return {"type": f"{kind}.disconnect", "code": 1006}

    async def send(_: Any) -> None:
        pass

    async with asyncio.timeout(10):
        await app(make_scope(kind, "/slow"), receive, send)


async def test_request_that_is_cut_during_the_teardown_is_cancelled(
    app: QuartApp, torn_down: asyncio.Event
) -> None:
    async def receive() -> Any:
        return await asyncio.Future()

    async def send(_: Any) -> None:
        pass

    task = asyncio.ensure_future(app(make_scope("http", "/slow"), receive, send))
    await torn_down.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()


async def test_answer_is_two_messages(app: QuartApp) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(make_scope("http", "/slow"), receive, send)  # type: ignore[arg-type]

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[1]["body"], sent[1]["more_body"]) == (b"done 0", False)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/quick", "/slow"])
async def test_nothing_of_a_request_waits_for_the_garbage_collector(
    app: QuartApp, method: str, path: str
) -> None:
    seen: list[weakref.ref[object]] = []

    @app.before_request
    async def note() -> None:
        seen.append(weakref.ref(request._get_current_object()))  # type: ignore[attr-defined]

    @app.route("/quick", methods=["GET", "POST"])
    async def quick() -> str:
        return f"done {len(await request.get_data())}"

    gc.collect()
    gc.disable()
    try:
        await call(app, method, path, **({"data": b"abc"} if method == "POST" else {}))
        assert [reference() for reference in seen] == [None]
    finally:
        gc.enable()
