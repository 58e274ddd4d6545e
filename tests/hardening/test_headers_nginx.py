"""The same through the nginx that is shipped, over TLS, and of what nginx says itself."""

import secrets
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from socketserver import StreamRequestHandler

import pytest

from quartapp.web.static import make_hashed_name
from tests.deploy.conftest import Dropper, answering
from tests.hardening.looking import Book
from tests.hardening.observatory import Answer
from tests.nginx import ROOT
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_end_to_end import certify
from tests.test_serve import is_ready

pytestmark = pytest.mark.headers

BODY = 9 * 1024 * 1024 + 1  # more than nginx takes
SERVE = ["--app", "quartapp", "serve", "--config", str(ROOT / "hypercorn.toml"), "--bind"]
STYLE = make_hashed_name("app.css")


@dataclass
class Site:
    """nginx at https://localhost:*port*."""

    port: int
    context: ssl.SSLContext
    book: Book

    def ask(self, path: str, method: str = "GET", headers: str = "", host: str = "") -> int:
        """Ask, note the answer, and return its status."""
        lines = f"Host: {host or f'localhost:{self.port}'}\r\nConnection: close\r\n{headers}"
        return self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode(), method, path)

    def send(self, data: bytes, method: str, path: str) -> int:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with self.context.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(data)
            response = HTTPResponse(sock, method=method)
            response.begin()
            body = response.read().decode(errors="replace")
        headers = tuple(response.getheaders())
        without = tuple((name, value) for name, value in headers if value != "nginx")
        answer = Answer(f"localhost:{self.port}", without, body)
        self.book.note(method, path, response.status, answer)
        return response.status


@pytest.fixture(scope="module")
def place(
    nursery: Path, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, int, ssl.SSLContext]]:
    """The folder and the address of nginx in front of a process in production."""
    folder, port = tmp_path_factory.mktemp("headers"), free_port()
    shutil.copy(sqlite_template, folder / "test.db")
    (folder / "test.db").chmod(0o600)
    settings = {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": f"sqlite:///{folder}/test.db",
        "INSTANCE_PATH": str(folder),
        "PUBLIC_URL": f"https://localhost:{port}",
        "SECRET_KEY": secrets.token_hex(),
        "TRUSTED_PROXIES": "unix",
    }
    context = certify(folder, port, folder / "app.sock")
    with (
        fork_quart(nursery, [*SERVE, f"unix:{folder}/app.sock"], settings) as program,
        start_nginx(folder, port) as server,
    ):
        wait_until(lambda: is_ready(folder / "app.sock"), program)
        note_server(server)
        yield folder, port, context


@pytest.fixture
def site(place: tuple[Path, int, ssl.SSLContext]) -> Site:
    return Site(place[1], place[2], Book())


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_answers_of_the_application_pass_with_what_they_say(site: Site, method: str) -> None:
    paths = ["/", "/auth/login", "/nothing", "/livez", "/api/v1/entities", "/api/v1/docs"]
    paths += ["/status/", "/status/?page=x", "/status/embed", "/status/badge.svg", "/status"]
    asking = ["", "Range: bytes=999999999-\r\n", "Cookie: a=b\r\n", 'If-None-Match: "a"\r\n']
    statuses = {
        site.ask(path, method, f"Content-Length: 0\r\n{headers}")
        for path in paths
        for headers in asking
    }

    assert site.book.find_weak() == [], site.book.answers[-1]
    assert max(statuses) < 500


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_files_are_guarded(site: Site, method: str) -> None:
    files = [site.ask(f"/static/{name}", method) for name in ("app.css", STYLE)]
    for name in ("", "nothing.css", ".hidden", "secret.py", "../x", "nothing.0123456789ab.css"):
        site.ask(f"/static/{name}", method)
    parts = [
        site.ask(f"/static/{STYLE}", method, f"Range: bytes={given}\r\n")
        for given in ("0-9", "999999999-")
    ]

    assert site.book.find_weak() == [], site.book.answers[-1]
    assert {*files, *parts} == {200 if method in ("GET", "HEAD") else 405}


OWN = {  # what nginx says itself, and to what
    "deny": ("GET /.env HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    "metrics": ("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    "body": (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY}\r\n\r\n", 413),
    "api body": (f"POST /api/ HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n\r\n", 413),
    "address": (f"GET /{'a' * 9000} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "header": (f"GET / HTTP/1.1\r\nHost: localhost\r\nA: {'a' * 9000}\r\n\r\n", 400),
    "line": ("what\r\n\r\n", 400),
    "host": ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "no host": ("GET / HTTP/1.1\r\n\r\n", 400),
    "version": ("GET / HTTP/9.0\r\nHost: localhost\r\n\r\n", 505),
    "method": ("TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
    "length": ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
    "coding": ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: x\r\n\r\n", 501),
}


@pytest.mark.parametrize("name", OWN)
def test_words_of_nginx_are_guarded(site: Site, name: str) -> None:
    request, status = OWN[name]
    found = site.send(request.encode(), request.partition(" ")[0], f"/{name}")

    assert site.book.find_weak() == [], site.book.answers[-1]
    assert found == status


class Mute(StreamRequestHandler):
    """Takes a request and says nothing."""

    def handle(self) -> None:
        self.rfile.read()


@pytest.mark.parametrize("handler", [Dropper, Mute, None], ids=["502", "504", "nobody"])
def test_words_for_processes_that_do_not_answer_are_guarded(
    tmp_path: Path, handler: type[StreamRequestHandler] | None
) -> None:
    path, port = tmp_path / "app.sock", free_port()
    context = certify(tmp_path, port, path)
    shorten_patience(tmp_path)
    site = Site(port, context, Book())
    with start_nginx(tmp_path, port):
        if handler is None:
            statuses = ask_everywhere(site)
        else:
            with answering(path, handler):
                statuses = ask_everywhere(site)

    assert site.book.find_weak() == [], site.book.answers[-1]
    assert statuses == [503, 503, 503]


def shorten_patience(folder: Path) -> None:
    conf = folder / "nginx.conf"
    text = conf.read_text()
    assert "proxy_read_timeout 30s;" in text
    conf.write_text(text.replace("proxy_read_timeout 30s;", "proxy_read_timeout 300ms;"))


def ask_everywhere(site: Site) -> list[int]:
    return [site.ask(path) for path in ("/", "/api/v1/entities", "/status/")]


def test_words_for_who_asks_too_often_are_guarded(tmp_path: Path) -> None:
    port = free_port()
    site = Site(port, certify(tmp_path, port, tmp_path / "app.sock"), Book())
    http = tmp_path / "nginx.d" / "http.conf"
    http.write_text(http.read_text().replace("100000r/s", "1r/m"))
    with start_nginx(tmp_path, port):
        statuses = [status for _ in range(60) for status in ask_everywhere(site)]

    assert site.book.find_weak() == [], site.book.answers[-1]
    assert statuses[-3:] == [429, 429, 429]
