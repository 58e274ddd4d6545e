"""Clients that leave before all is said."""

from collections.abc import Iterator

from tests.hardening.corpus.message import FORM, End, Message, get, post, write_lines

BEGUN = {
    "nothing": b"",
    "half a line": b"GET /liv",
    "a line": b"GET /livez HTTP/1.1\r\n",
    "half a header": b"GET /livez HTTP/1.1\r\nHost: loc",
    "all but the last byte": get("/livez")[:-1],
    "a request": get("/livez"),
    "a request and a half": get("/livez") + get("/livez")[:20],
    "20 requests": get("/livez") * 20,
    "a page": get("/auth/login"),
    "a file": get("/static/app.css"),
    "a status page": get("/status/"),
    "half a body": post("Content-Length: 100", body=b"a" * 50),
    "half a form": post(FORM, "Content-Length: 100", body=b"a=" * 25, target="/auth/login"),
    "half a chunk": post("Transfer-Encoding: chunked", body=b"10\r\nabc"),
    "half a chunk's size": post("Transfer-Encoding: chunked", body=b"1"),
    "all but the last chunk": post("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"),
    "half a body nobody reads": post("Content-Length: 100", body=b"a" * 50, target="/livez"),
    "half a body of 1 MB": post("Content-Length: 1000000", body=b"a" * 500_000),
    "half a socket": write_lines(
        "GET /hardening/echo HTTP/1.1", "Host: localhost", "Upgrade: websocket"
    ),
}


def leave() -> list[Message]:
    return list(leave_each())


def leave_each() -> Iterator[Message]:
    for name, data in BEGUN.items():
        for end in (End.CLOSE, End.HALF, End.RESET):
            yield Message(f"{name}, then {end.value}", data, end=end)
