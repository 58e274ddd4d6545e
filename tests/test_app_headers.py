"""No header, however odd, is a server error."""

from pathlib import Path

import pytest
from quart import request, session

from tests.small_app import make_small_app
from tests.wire import exchange, serving, write_request

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
