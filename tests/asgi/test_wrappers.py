import json
from typing import Any

import pytest
from pydantic import BaseModel
from quart import request, websocket
from quart_schema import QuartSchema, validate_request

from quartapp.app import QuartApp
from quartapp.errors import BadRequestError, InvalidError, TooLargeError
from tests.small_app import call, make_small_app
from tests.wire import open_socket, serving, shake_hands

JSON = "application/json"
NEEDED = {"detail": "A JSON body is needed."}
NO_JSON = {"detail": "Send JSON, with the content type application/json."}


class Point(BaseModel):
    x: int


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app()
    QuartSchema(
        app, openapi_path=None, swagger_ui_path=None, redoc_ui_path=None, scalar_ui_path=None
    )

    @app.post("/json")
    async def read_json() -> dict[str, Any]:
        return {"json": await request.get_json()}

    @app.post("/twice")
    async def read_twice() -> dict[str, Any]:
        return {"json": [await request.json, await request.get_json()]}

    @app.post("/schema")
    @validate_request(Point)
    async def read_point(data: Point) -> dict[str, Any]:
        return {"json": data.x}

    @app.post("/silent")
    async def read_silently() -> dict[str, Any]:
        return {"json": await request.get_json(silent=True)}

    @app.post("/forced")
    async def read_forced() -> dict[str, Any]:
        return {"json": await request.get_json(force=True)}

    @app.post("/text")
    async def read_text() -> dict[str, Any]:
        return {"json": await request.get_data(as_text=True)}

    return app


async def post(app: QuartApp, path: str, data: bytes, kind: str | None = JSON) -> tuple[int, Any]:
    headers = {"Content-Type": kind} if kind else {}
    if data:
        headers["Content-Length"] = str(len(data))
    status, text = await call(app, "POST", path, data=data, headers=headers)
    return status, json.loads(text)


@pytest.mark.parametrize(
    ("path", "data", "kind", "value"),
    [
        ("/json", b'{"a": [1]}', JSON, {"a": [1]}),
        ("/json", b"null", f"{JSON}; charset=utf-8", None),
        ("/json", b"1", "application/merge-patch+json", 1),
        ("/twice", b"[]", JSON, [[], []]),
        ("/schema", b'{"x": 1}', JSON, 1),
        ("/silent", b"1", JSON, 1),
        ("/silent", b"1", "text/plain", None),
        ("/silent", b"{", JSON, None),
        ("/silent", rb'"\u0000"', JSON, None),
        ("/silent", b"", None, None),
        ("/forced", b"1", "text/plain", 1),
        ("/text", "é".encode(), "text/plain", "é"),
    ],
)
async def test_json_is_read(
    app: QuartApp, path: str, data: bytes, kind: str | None, value: Any
) -> None:
    assert await post(app, path, data, kind) == (200, {"json": value})


@pytest.mark.parametrize("path", ["/json", "/schema"])
@pytest.mark.parametrize(
    ("data", "kind", "status", "answer"),
    [
        (b"", None, 400, NEEDED),
        (b"", JSON, 400, NEEDED),
        (b"{}", None, 415, NO_JSON),
        (b"{}", "text/plain", 415, NO_JSON),
        (b"{}", "text/json", 415, NO_JSON),
        (b"a=1", "application/x-www-form-urlencoded", 415, NO_JSON),
        (b"", "text/plain", 415, NO_JSON),
        (b'{"x": 1, "x": 2}', JSON, 400, {"detail": "The JSON repeats a key."}),
        (b'{"x": NaN}', JSON, 400, {"detail": "NaN is not JSON."}),
        (b"\xff", JSON, 400, {"detail": "The JSON is not encoded as UTF-8."}),
        (
            b'{"x": 9223372036854775808}',
            JSON,
            422,
            {
                "detail": "Some values cannot be kept.",
                "errors": [[["x"], "number_out_of_range"]],
            },
        ),
        (
            rb'{"x": "\ud800"}',
            JSON,
            422,
            {"detail": "Some values cannot be kept.", "errors": [[["x"], "unstorable_text"]]},
        ),
    ],
)
async def test_what_is_no_json_for_us_is_refused(
    app: QuartApp, path: str, data: bytes, kind: str | None, status: int, answer: Any
) -> None:
    assert await post(app, path, data, kind) == (status, answer)


async def test_text_that_is_not_utf8_is_refused(app: QuartApp) -> None:
    answer = await post(app, "/text", b"\xff", "text/plain")

    assert answer == (400, {"detail": "The body is not encoded as UTF-8."})


async def test_what_comes_is_decoded_once(app: QuartApp) -> None:
    @app.post("/<name>")
    async def read_all(name: str) -> dict[str, Any]:
        found = {"path": name, "query": request.args["a"], "form": (await request.form)["a"]}
        return {**found, "cookie": request.cookies["a"]}

    kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "a=%2541"}
    _, text = await call(app, "POST", "/%2541?a=%2541", data=b"a=%2541", headers=kind)
    raw = "%2541"  # of cookies, which have no encoding that all agree on
    assert json.loads(text) == {"path": "%41", "query": "%41", "form": "%41", "cookie": raw}
    assert await post(app, "/json", rb'"%41\\u0041\u0026lt;"') == (200, {"json": r"%41\u0041&lt;"})


async def test_a_request_made_by_hand_has_its_body(app: QuartApp) -> None:
    async with app.test_request_context("/", method="POST", json={"a": 1}):
        assert await request.get_json() == {"a": 1}
    async with app.test_request_context("/", method="POST", form={"a": "1"}):
        assert (await request.form).to_dict() == {"a": "1"}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{", BadRequestError),
        (b"\xff", BadRequestError),
        (b"", BadRequestError),
        ("a\0", BadRequestError),
        (r'"\u0000"', InvalidError),
    ],
)
async def test_a_socket_message_that_is_no_json_for_us_is_refused(
    app: QuartApp, message: str | bytes, error: type[Exception]
) -> None:
    raised: list[Exception] = []

    @app.websocket("/")
    async def read() -> None:
        try:
            await websocket.receive_json()
        except Exception as caught:
            raised.append(caught)
            raise

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say(message)
        closed = await client.read_close()

    assert [type(caught) for caught in raised] == [error]
    assert closed == (1008, str(raised[0]))


@pytest.mark.parametrize("message", ['{"a": "é"}', '{"a": "é"}'.encode()])
async def test_json_comes_as_text_or_bytes(app: QuartApp, message: str | bytes) -> None:
    @app.websocket("/")
    async def read() -> None:
        await websocket.send_json(await websocket.receive_json())

    async with serving(app) as port, open_socket(port, "/") as client:
        await shake_hands(client)
        await client.say(message)
        answer = json.loads(await client.hear())

    assert answer == {"a": "é"}


async def test_a_view_that_reads_less_than_was_sent_says_so(app: QuartApp) -> None:
    @app.post("/first")
    async def read_first() -> dict[str, Any]:
        request.max_content_length = 3
        with pytest.raises(TooLargeError):
            await request.get_data()
        return {"json": request.max_content_length}

    assert await post(app, "/first", b"1234") == (200, {"json": 3})
