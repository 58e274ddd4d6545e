"""Lines that are not quite those of HTTP/1.1, too many or too long."""

from collections.abc import Iterator

from tests.hardening.corpus.message import HIDDEN, End, Message, Verdict, get, write_lines

CONTROLS = [*(chr(code) for code in range(1, 32) if chr(code) not in "\t\n\r"), "\x7f"]
HOST = "Host: localhost"
HELLO_TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(200))


def vary_lines() -> Iterator[Message]:
    yield Message("bare LF", get("/livez").replace(b"\r\n", b"\n"), end=End.WAIT)
    yield Message("bare CR", get("/livez").replace(b"\r\n", b"\r"), Verdict.REFUSED, End.WAIT)
    yield Message("LF, then a request", get("/livez", "X: a\n\n" + HIDDEN.decode()), is_two=True)
    yield Message("CR in a value", get("/livez", "X: a\rX-Request-ID: smuggled-request"))
    yield Message("a folded line", get("/livez", "X: a\r\n b"))
    yield Message("a folded line of tabs", get("/livez", "X: a\r\n\tb"))
    yield Message(
        "a fold with no line before it", write_lines("GET /livez HTTP/1.1", " X: a", HOST)
    )
    yield Message("empty lines first", b"\r\n\r\n" + get("/livez"))
    yield Message("a space first", b" " + get("/livez"), Verdict.REFUSED)
    yield Message("a byte order mark first", b"\xef\xbb\xbf" + get("/livez"), Verdict.REFUSED)
    for line in (
        "GET  /livez HTTP/1.1",
        "GET\t/livez\tHTTP/1.1",
        "GET /livez  HTTP/1.1",
        "GET /livez HTTP/1.1 ",
        "GET /livez HTTP/1.1\0",
        "GET /livez HTTP/1.1 HTTP/1.1",
    ):
        yield Message(f"the line {line!r}", write_lines(line, HOST))


def vary_names() -> Iterator[Message]:
    for name in (
        "X ",
        "X\t",
        "",
        " X",
        "X Y",
        "X\0Y",
        "X(Y)",
        "X@Y",
        "X\xe9",
        "X\x01",
        "X\x7f",
        "X/Y",
    ):
        yield Message(f"a header {name!r}", get("/livez", f"{name}: a"))
    yield Message("a header without a colon", get("/livez", "nonsense"))
    yield Message("a header of only a colon", get("/livez", ":"))
    yield Message("Host with a space before its colon", write_lines("GET / HTTP/1.1", "Host : x"))
    yield Message("NUL in a value", get("/livez", "X: a\0b"), Verdict.REFUSED)
    for code in CONTROLS:
        yield Message(f"{code!r} in a value", get("/livez", f"X: a{code}b"))
    for raw in (b"\x80", b"\xff\xfe", "é".encode(), b"\xc0\xaf"):
        yield Message(f"{raw!r} in a value", get("/livez", b"X: " + raw))


def vary_methods() -> Iterator[Message]:
    for method in (
        "BREW",
        "get",
        "Post",
        "M-SEARCH",
        "TRACE",
        "TRACK",
        "DEBUG",
        "PROPFIND",
        "CONNECT",
        "PURGE",
        "G\0T",
        "GE T",
        "G\xc9T",
        "GET:",
        '"GET"',
        "",
        "a" * 8_000,
        "A" * 65_536,
    ):
        data = write_lines(f"{method} /livez HTTP/1.1", HOST)
        yield Message(f"the method {method[:12]!r} ({len(method)})", data)


def vary_versions() -> Iterator[Message]:
    yield Message("HTTP/0.9", b"GET /livez\r\n", end=End.WAIT, is_bare=True)
    more = b"GET /livez\r\nHost: localhost\r\n\r\n"
    yield Message("HTTP/0.9 and headers", more, end=End.WAIT, is_bare=True)
    yield Message("HTTP/1.0", b"GET /livez HTTP/1.0\r\n\r\n", Verdict.ANSWERED)
    kept = write_lines("GET /livez HTTP/1.0", HOST, "Connection: keep-alive")
    yield Message("HTTP/1.0 that is kept", kept, Verdict.ANSWERED)
    for version in (
        "HTTP/2.0",
        "HTTP/3.0",
        "HTTP/1.2",
        "HTTP/1.9",
        "HTTP/11.1",
        "HTTP/1.11",
        "HTTP/0.9",
        "HTTP/9.9",
        "HTTP/-1.1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1,1",
        "HTTP/1.1x",
        "http/1.1",
        "HTP/1.1",
        "HTTPS/1.1",
        "HTTP /1.1",
        "JUNK",
    ):
        yield Message(
            f"the version {version}", write_lines(f"GET /livez {version}", HOST), end=End.WAIT
        )


def speak_others() -> Iterator[Message]:
    """What comes to a port of HTTP by mistake, or to find out."""
    for name, data in {
        "TLS": HELLO_TLS,
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "the PROXY protocol": b"PROXY TCP4 203.0.113.1 127.0.0.1 1 80\r\n" + get("/livez"),
        "the PROXY protocol 2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + get("/livez"),
        "SMTP": b"EHLO localhost\r\nQUIT\r\n",
        "Redis": b"*1\r\n$4\r\nINFO\r\n",
        "memcached": b"stats\r\n",
        "RDP": bytes.fromhex("0300002f2ae00000000000436f6f6b69653a"),
        "zeros": bytes(1000),
        "every byte": bytes(range(256)) * 8,
        "a web socket's frame": bytes.fromhex("818537fa213d7f9f4d5158"),
        "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    }.items():
        yield Message(f"{name} in place of HTTP", data, Verdict.REFUSED, End.WAIT)


def be_too_much() -> Iterator[Message]:
    yield Message("a target of 64 kB", get("/" + "a" * 65_536))
    yield Message("a target of 1 MB", get("/" + "a" * 1_000_000), Verdict.REFUSED)
    yield Message("a query of 16 kB", get("/livez?" + "a" * 16_000))
    yield Message("a header of 64 kB", get("/livez", "X: " + "a" * 65_536))
    yield Message("a header of 1 MB", get("/livez", "X: " + "a" * 1_000_000), Verdict.REFUSED)
    yield Message("a name of 64 kB", get("/livez", "X" * 65_536 + ": a"))
    yield Message("100 headers", get("/livez", *(f"X-{n}: {n}" for n in range(100))))
    yield Message("1,000 headers", get("/livez", *(f"X-{n}: {n}" for n in range(1000))))
    yield Message("1,000 times the same header", get("/livez", *["X: a"] * 1000))
    yield Message("10,000 headers", get("/livez", *(f"X-{n}: {n}" for n in range(10_000))))
    yield Message("10,000 lines of a fold", get("/livez", "X: a" + "\r\n b" * 10_000))
    yield Message("100,000 empty lines", b"\r\n" * 100_000 + get("/livez"), end=End.WAIT)
    yield Message("100 requests at once", get("/livez") * 100, Verdict.ANSWERED)


def spell() -> list[Message]:
    parts = (vary_lines, vary_names, vary_methods, vary_versions, speak_others, be_too_much)
    return [message for part in parts for message in part()]
