from typing import Any

import pytest

from quartapp.asgi.intake import Message
from quartapp.asgi.scope import FAULT, Answer, choose_request_id, make_sound

PATH, QUERY = "The path of the address cannot be read.", "The query of the address cannot be read."
HEADER, HOST = "A header has a NUL character.", "This host is not served here."
COOKIE = "A cookie cannot be read."


def make_scope(
    target: bytes = b"/", *headers: tuple[bytes, bytes], path: str | None = None
) -> dict[str, Any]:
    raw, _, query = target.partition(b"?")
    return {
        "type": "http",
        "path": raw.decode() if path is None else path,
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": list(headers) or [(b"host", b"localhost")],
    }


def find_fault(scope: dict[str, Any], *hosts: str) -> str:
    fault: str = make_sound(scope, proxies=[], hosts=hosts).get(FAULT, "")
    return fault


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        (b"/", ""),
        (b"/a/%C3%A9?q=%C3%A9%0D%0A%09&=&&%", ""),
        (b"/a%2Fb//c", ""),
        (b"/" + b"a" * 255 + b"/" + b"b" * 255, ""),
        (b"/%", ""),
        (b"", PATH),
        (b"?a", PATH),
        (b"*", PATH),
        (b"http://localhost/", PATH),
        (b"localhost:80", PATH),
        (b"/%00", PATH),
        (b"/a%0ab", PATH),
        (b"/%1b[2J", PATH),
        (b"/%7f", PATH),
        (b"/%C2%85", PATH),
        (b"/%ff", PATH),
        (b"/%C3", PATH),
        (b"/%ED%A0%80", PATH),
        (b"/%C0%AF", PATH),
        (b"/a" * 1024, ""),
        (b"/a" * 1024 + b"/", PATH),
        (b"/" + b"a" * 256, PATH),
        (b"/" + b"%C3%A9" * 128, PATH),
        (b"/?a=%00", QUERY),
        (b"/?%00=a", QUERY),
        (b"/?a=%ff", QUERY),
        (b"/?a=%ED%A0%80", QUERY),
        (b"/?a=%1b", QUERY),
        (b"/?a=\xff", QUERY),
    ],
)
def test_addresses_that_cannot_be_read_are_found(target: bytes, fault: str) -> None:
    assert find_fault(make_scope(target, path="/x")) == fault


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/é", ""), ("/a b", ""), ("/\0", PATH), ("/\ud800", PATH), ("", PATH), ("x", PATH)],
)
def test_a_server_without_the_raw_path_is_served_too(path: str, fault: str) -> None:
    scope = make_scope(b"", path=path)
    del scope["raw_path"]

    assert find_fault(scope) == fault


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ((b"user-agent", b"\xff\x01"), ""),
        ((b"user-agent", b"a\0"), HEADER),
        ((b"cookie", b'a=b; c="d\\"e"; f=\x01\xc3\xa9'), ""),
        ((b"cookie", b"a=\xff"), COOKIE),
        ((b"cookie", b"\xff"), COOKIE),
        ((b"cookie", b'a="\\000"'), COOKIE),
        ((b"cookie", b'a=b; c="\\003\\000x"'), COOKIE),
    ],
)
def test_headers_that_cannot_be_kept_are_found(header: tuple[bytes, bytes], fault: str) -> None:
    assert find_fault(make_scope(b"/", (b"host", b"localhost"), header)) == fault


@pytest.mark.parametrize(
    ("host", "trusted", "fault"),
    [
        (b"anything.example", [], ""),
        (b"[::1]:8080", [], ""),
        (None, [], ""),
        (b"", [], ""),
        (b"good.example", ["good.example"], ""),
        (b"GOOD.example:8443", ["Good.Example"], ""),
        (b"good.example", ["other.example", "good.example"], ""),
        (b"a.good.example", [".good.example"], ""),
        (b"good.example", [".good.example"], ""),
        (b"a.good.example", ["good.example"], HOST),
        (b"evilgood.example", [".good.example"], HOST),
        (b"good.example.evil.example", ["good.example"], HOST),
        (b"good.example@evil.example", ["good.example"], HOST),
        (b"evil.example", ["good.example"], HOST),
        (None, ["good.example"], HOST),
        (b"", ["good.example"], HOST),
        (b"a/b", [], HOST),
        (b"a b", [], HOST),
        (b"a:0", [], HOST),
        (b"a:65536", [], HOST),
        (b"a:b", [], HOST),
        (b"\xff", [], HOST),
        (b"[::1", [], HOST),
        (b"a" * 63 + b".example", [], ""),
        (b"a" * 64 + b".example", [], HOST),
        (b"a..example", [], HOST),
        (b"..", [], HOST),
        (b"xn--a", [], HOST),
        (b"xn--bcher-kva.example:81", [], ""),
    ],
)
def test_hosts_have_to_be_hosts_and_ours(
    host: bytes | None, trusted: list[str], fault: str
) -> None:
    headers = [(b"host", host)] if host is not None else [(b"accept", b"*/*")]

    assert find_fault(make_scope(b"/", *headers), *trusted) == fault


def test_two_hosts_are_one_too_many() -> None:
    hosts = [(b"host", b"good.example"), (b"host", b"good.example")]

    assert find_fault(make_scope(b"/", *hosts), "good.example") == HOST


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"bytes=0-", True),
        (b"bytes=0-499", True),
        (b"bytes=-1", False),
        (b"bytes=0-0,-1", False),
        (b"bytes=0-1,5-6", False),
        (b"lines=1-2", False),
        (b"", False),
    ],
)
def test_only_ranges_that_are_offered_come_through(value: bytes, kept: bool) -> None:
    scope = make_sound(make_scope(b"/", (b"range", value)), proxies=[], hosts=[])

    assert scope["headers"] == ([(b"range", value)] if kept else [])


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/api/v1/\0", "/api/"), ("/apix\0", "/"), ("/\0/api/", "/"), ("?a", "/"), ("/api", "/")],
)
def test_a_refused_request_keeps_its_face_and_nothing_that_hurts(path: str, seen: str) -> None:
    headers = [
        (b"host", b"a b"),
        (b"cookie", b'a="\\000"'),
        (b"x", b"\0"),
        (b"accept", b"*/*"),
    ]
    scope = make_scope(b"/?%00", *headers, path=path)

    assert make_sound(scope, proxies=[], hosts=[]) == {
        "type": "http",
        "path": seen,
        "raw_path": seen.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"accept", b"*/*"), (b"host", b"localhost")],
        FAULT: QUERY,
    }


def test_a_refused_request_stays_below_the_root_path() -> None:
    scope = make_scope(b"/app/api/%00", path="/app/api/\0") | {"root_path": "/app"}

    assert make_sound(scope, proxies=[], hosts=[])["path"] == "/app/api/"


@pytest.mark.parametrize("given", ["12345678", "A-Za-z0-9._-", "f" * 64])
def test_a_request_id_that_came_along_is_kept(given: str) -> None:
    assert choose_request_id(make_scope(b"/", (b"x-request-id", given.encode()))) == given


@pytest.mark.parametrize(
    "given", [b"1234567", b"f" * 65, b"", b"12345678\n", b"<script>", b"\xff" * 9]
)
def test_what_is_no_request_id_is_replaced(given: bytes) -> None:
    chosen = choose_request_id(make_scope(b"/", (b"x-request-id", given)))

    assert len(chosen) == 32
    assert int(chosen, 16)


def test_request_ids_differ() -> None:
    assert len({choose_request_id(make_scope()) for _ in range(100)}) == 100


def test_two_request_ids_are_none() -> None:
    ids = [(b"x-request-id", b"first-id"), (b"x-request-id", b"second-id")]

    assert len(choose_request_id(make_scope(b"/", *ids))) == 32


async def test_an_error_is_answered_once_and_only_when_nothing_was_said() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    late = Answer(send, "late")
    await late.send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await late.send_error()
    early = Answer(send, "early")
    await early.send_error()
    await early.send_error()

    assert [(message["type"], message.get("status")) for message in sent] == [
        ("http.response.start", 200),
        ("http.response.start", 500),
        ("http.response.body", None),
    ]
    assert sent[0]["headers"] == [(b"a", b"b"), (b"x-request-id", b"late")]
