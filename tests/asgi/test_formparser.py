import json
from typing import Any

import pytest
from quart import request

from quartapp.app import QuartApp
from tests.small_app import call, make_small_app

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
UNREADABLE = {"detail": "The form cannot be read."}
UNKEPT = {"detail": "The form has text that cannot be kept."}
NO_FORM = {"detail": "Send a form, urlencoded or as multipart/form-data."}


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app(MAX_FORM_PARTS=3, MAX_FORM_MEMORY_SIZE=1000)

    @app.post("/form")
    async def read_form() -> dict[str, Any]:
        form, files = await request.form, await request.files
        return {
            "form": form.to_dict(flat=False),
            "files": {k: v.filename for k, v in files.items()},
        }

    @app.post("/values")
    async def read_values() -> dict[str, Any]:
        return {"form": (await request.values).to_dict(flat=False), "files": {}}

    return app


async def post(
    app: QuartApp, data: bytes, content_type: str | None, path: str = "/form"
) -> tuple[int, Any]:
    headers = {"Content-Type": content_type} if content_type else {}
    if data:
        headers["Content-Length"] = str(len(data))
    status, text = await call(app, "POST", path, data=data, headers=headers)
    return status, json.loads(text)


def make_part(head: str, body: bytes = b"x") -> bytes:
    line = head.encode("utf-8", "surrogateescape")
    return b"--b\r\nContent-Disposition: form-data" + line + b"\r\n\r\n" + body + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("data", "kind", "form", "files"),
    [
        (b"", None, {}, {}),
        (b"", URLENCODED, {}, {}),
        (b"a=1&a=2&b=", URLENCODED, {"a": ["1", "2"], "b": [""]}, {}),
        ("%C3%A9=é+b%0D%0A%EF%BF%BD".encode(), URLENCODED, {"é": ["é b\r\n\ufffd"]}, {}),
        (make_part('; name="a"'), MULTIPART, {"a": ["x"]}, {}),
        (make_part('; name="a"', "é".encode()), MULTIPART, {"a": ["é"]}, {}),
        (make_part('; name="a"; filename="é"', b"\0\xff"), MULTIPART, {}, {"a": "é"}),
    ],
)
async def test_forms_are_read(
    app: QuartApp, data: bytes, kind: str | None, form: Any, files: Any
) -> None:
    assert await post(app, data, kind) == (200, {"form": form, "files": files})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"a=%ff", URLENCODED),
        (b"%ff=a", URLENCODED),
        (b"a=\xff", URLENCODED),
        (b"a=%ED%A0%80", URLENCODED),
        (b"a&b&c&d", URLENCODED),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"x", "multipart/form-data; boundary=\xe9"),
        (make_part('; name="\udcff"'), MULTIPART),
        (make_part('; name="a"', b"\xff"), MULTIPART),
        (make_part(""), MULTIPART),
        (make_part('; filename="f"'), MULTIPART),
        (b"--b\r\nnonsense\r\n\r\nx\r\n--b--", MULTIPART),
    ],
)
async def test_forms_that_cannot_be_read_are_refused(app: QuartApp, data: bytes, kind: str) -> None:
    status, answer = await post(app, data, kind)

    assert (status, answer) in [(400, UNREADABLE), (400, {"detail": "Bad Request"})]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"a=%00", URLENCODED),
        (b"%00=a", URLENCODED),
        (b"a=\0", URLENCODED),
        (make_part('; name="a"', b"\0"), MULTIPART),
        (make_part('; name="a\0"'), MULTIPART),
        (make_part('; name="a"; filename="\0"'), MULTIPART),
    ],
)
async def test_text_that_cannot_be_kept_is_refused(app: QuartApp, data: bytes, kind: str) -> None:
    assert await post(app, data, kind) == (400, UNKEPT)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"a=" + b"b" * 999, URLENCODED),
        (make_part('; name="a"', b"b" * 1001), MULTIPART),
        (make_part('; name="a"')[:-8] * 4, MULTIPART),
    ],
)
async def test_forms_that_are_too_much_are_refused(app: QuartApp, data: bytes, kind: str) -> None:
    status, _ = await post(app, data, kind)

    assert status == 413


@pytest.mark.parametrize("path", ["/form", "/values"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{}", "application/json"),
        (b"", "application/json"),
        (b"a=1", "text/plain"),
        (b"a=1", None),
        (b"a=1", "nonsense"),
        (b"x", "multipart/mixed; boundary=b"),
    ],
)
async def test_what_is_no_form_is_refused(
    app: QuartApp, data: bytes, kind: str | None, path: str
) -> None:
    assert await post(app, data, kind, path) == (415, NO_FORM)


async def test_files_of_a_refused_form_are_closed(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    real = QuartApp.request_class.form_data_parser_class.open_file

    def note(*args: Any) -> Any:
        opened.append(real(*args))
        return opened[-1]

    monkeypatch.setattr("quartapp.asgi.formparser.FormParser.open_file", note)
    good = make_part('; name="a"; filename="f"')
    bad = good[:-6] + b"\r\n" + make_part('; name="b"', b"\0")

    assert (await post(app, bad, MULTIPART))[0] == 400
    assert [file.closed for file in opened] == [True]

    assert (await post(app, good, MULTIPART))[0] == 200
    assert [file.closed for file in opened] == [True, True]
