"""The shipped nginx configuration, between real clients and a real process."""

import gzip
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer
from threading import Thread

import pytest
import trustme
from wsproto.events import AcceptConnection, TextMessage

from quartapp.config import Config
from quartapp.serve import ServeConfig
from quartapp.web.static import make_hashed_name
from tests.nginx import ROOT, STATIC, copy_nginx, write_nginx
from tests.outside import Address, Connection, ask, name_host, open_socket, send_raw
from tests.processes import Program, free_port, wait_until
from tests.servers import check_nginx, fork_quart, note_server, start_nginx

DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
HASH = "0123456789ab"
SERVE = ["--app", "tests.serve_app", "serve", "--bind"]


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as of static files, with one thing in it that must not be served."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "app.css").write_text("body { color: black; }\n" * 200)
    (folder / "deep").mkdir()
    (folder / "deep" / "icon.svg").write_text("<svg/>")
    (folder / "secret.py").write_text("SECRET")
    (folder / ".hidden").write_text("SECRET")
    outside = tmp_path_factory.mktemp("outside") / "outside.css"
    outside.write_text("SECRET")
    (folder / "link.css").symlink_to(outside)
    return folder


@pytest.fixture(scope="module")
def site(
    nursery: Path, static: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Address]:
    """The address of nginx in front of one process."""
    folder = tmp_path_factory.mktemp("nginx")
    path, port = folder / "app.sock", free_port()
    write_nginx(folder, port, [path], static=static)
    with (
        fork_quart(nursery, [*SERVE, f"unix:{path}"], {}) as program,
        start_nginx(folder, port) as server,
    ):
        wait_until(lambda: path.exists() and ask(path, "/readyz").status == 200, program)
        note_server(server)
        yield ("127.0.0.1", port)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of nginx in front of somebody who answers with the request as it arrived."""
    folder = tmp_path_factory.mktemp("mirror")
    path, port = folder / "mirror.sock", free_port()
    write_nginx(folder, port, [path])
    with answering(path, Mirror), start_nginx(folder, port) as server:
        note_server(server)
        yield ("127.0.0.1", port)


@contextmanager
def answering(path: Path, handler: type[StreamRequestHandler]) -> Iterator[None]:
    """Serve on a unix socket, in a thread."""
    with UnixStreamServer(str(path), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Mirror(StreamRequestHandler):
    """Answers with the head of the request."""

    def handle(self) -> None:
        head = self.read_head()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head) + head)

    def read_head(self) -> bytes:
        head = b""
        while line := self.rfile.readline().rstrip(b"\r\n"):
            head += line + b"\n"
        return head


class Dropper(Mirror):
    """Reads the request and hangs up, like a process that is killed."""

    def handle(self) -> None:
        self.read_head()


def see(address: Address, headers: Mapping[str, str], target: str = "/") -> dict[str, str]:
    """The headers that arrive of a request with these, their names in lower case."""
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in ({"Host": "x"} | dict(headers)).items()
    )
    answer = send_raw(
        address, f"GET {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()
    )
    head = answer.decode().partition("\r\n\r\n")[2]
    pairs = [line.split(": ", 1) for line in head.splitlines()[1:]]
    assert len(dict(pairs)) == len(pairs), "a header came twice"
    return {name.lower(): value for name, value in pairs}


# --- the files -----------------------------------------------------------------------------------


def test_the_shipped_files_are_accepted(tmp_path: Path) -> None:
    """With paths, ports and a user that exist here."""
    copy_nginx(tmp_path)
    for path in (tmp_path / "nginx.d").iterdir():
        text = re.sub(r"(?m)^(user www-data|listen \[).*$", "", path.read_text())
        text = text.replace("/run/nginx.pid", "nginx.pid").replace("/var/log/nginx/", "")
        path.write_text(text.replace("listen 80 ", f"listen 127.0.0.1:{free_port()} "))

    assert "test is successful" in check_nginx(tmp_path)


# --- upgrades ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "upgrade", ["h2c", "h2c, websocket", "websocket, h2c", "HTTP/2.0", "TLS/1.2"]
)
def test_only_a_web_socket_may_upgrade(site: Address, upgrade: str) -> None:
    hidden = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    request = (
        f"GET /page HTTP/1.1\r\nHost: localhost\r\nUpgrade: {upgrade}\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
    )
    answer = send_raw(site, request.encode() + hidden)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b" 101 " not in answer


def test_http_2_cannot_be_assumed(site: Address) -> None:
    answer = send_raw(site, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_a_web_socket_passes_without_compression(site: Address) -> None:
    with open_socket(site, "/socket", DEFLATE) as web_socket:
        greeting = web_socket.receive()
        assert isinstance(web_socket.handshake, AcceptConnection)
        web_socket.send(TextMessage("echo"))
        echo = web_socket.receive()

    assert web_socket.handshake.extensions == []
    assert isinstance(greeting, TextMessage)
    assert "Sec-Websocket-Extensions" not in json.loads(greeting.data)
    assert echo == TextMessage("echo")


# --- what the application is told ----------------------------------------------------------------


def test_what_clients_say_of_themselves_is_overwritten(mirror: Address) -> None:
    lies = {
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Server": "evil.test",
        "X-Real-IP": "203.0.113.1",
        "X-Original-URL": "/evil",
        "X-Rewrite-URL": "/evil",
        "Forwarded": "for=203.0.113.1;host=evil.test",
        "Proxy": "http://evil.test",
        "X_Forwarded_For": "203.0.113.1",
        "HTTP2-Settings": "AAMAAABk",
        "Upgrade": "h2c",
        "Sec-WebSocket-Extensions": "permessage-deflate",
        "X-Request-ID": "abcd-1234",
    }

    assert see(mirror, lies) == {
        "host": "x",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "x",
        "x-request-id": "abcd-1234",
    }


def test_the_application_believes_nginx(site: Address) -> None:
    reply = ask(site, "/", {"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https"})
    seen = json.loads(reply.body)

    assert (seen["client"], seen["scheme"], seen["host"]) == (
        "127.0.0.1",
        "http",
        name_host(site),
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("example.org", "example.org"),
        ("Example.ORG:8080", "example.org:8080"),
        ("[::1]:8080", "[::1]:8080"),
    ],
)
def test_the_host_is_the_one_that_was_asked_for(mirror: Address, asked: str, told: str) -> None:
    seen = see(mirror, {"Host": asked})

    assert (seen["host"], seen["x-forwarded-host"]) == (told, told)


def test_a_host_in_the_target_wins(mirror: Address) -> None:
    assert see(mirror, {"Host": "other.test"}, "http://real.test/")["host"] == "real.test"


def test_a_request_id_is_kept_or_made(mirror: Address) -> None:
    ids = [
        see(mirror, {"X-Request-ID": given})["x-request-id"]
        for given in ("abcd-1234", 'a"b c', "", "short", "x" * 65)
    ]

    assert ids[0] == "abcd-1234"
    assert all(re.fullmatch("[0-9a-f]{32}", made) for made in ids[1:])
    assert len(set(ids)) == len(ids)


# --- the deny list -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/a/.htpasswd",
        "/%2eenv",
        "/wsgi.py",
        "/pyproject.toml",
        "/alembic.ini",
        "/requirements.lock",
        "/quartapp.db",
        "/QUARTAPP.DB",
        "/metrics",
        "/metrics/",
        "/internal",
        "/internal/metrics",
        "/%69nternal/metrics",
        "//internal/metrics",
        "/x/../internal/metrics",
        "/x/..%2finternal/metrics",
        "/static/../internal/metrics",
        "/static/..%2f..%2finternal",
        "/static/secret.py",
        "/static/.hidden",
        f"/static/secret.{HASH}.py",
    ],
)
def test_what_nobody_is_to_have_is_not_found(site: Address, path: str) -> None:
    answer = send_raw(site, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"SECRET" not in answer
    assert b'"pid"' not in answer  # nginx said it, not the application


@pytest.mark.parametrize("path", ["/.well-known/security.txt", "/internals", "/metricsx", "/e/1"])
def test_what_only_looks_like_it_passes(site: Address, path: str) -> None:
    assert json.loads(ask(site, path).body)["path"] == path[1:]


# --- static files --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["app.{}css", "deep/icon.{}svg"])
def test_a_hashed_name_is_kept_for_a_year(site: Address, static: Path, name: str) -> None:
    reply = ask(site, f"/static/{name.format(f'{HASH}.')}")
    plain = ask(site, f"/static/{name.format('')}")
    text = (static / name.format("")).read_text()

    assert (reply.status, reply.body) == (plain.status, plain.body) == (200, text)
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "public, max-age=0"
    for headers in (reply.headers, plain.headers):
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["server"] == "nginx"  # and no version
        assert "strict-transport-security" not in headers


def test_static_text_is_compressed(site: Address, static: Path) -> None:
    connection = Connection(site)
    connection.request("GET", f"/static/app.{HASH}.css", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    data = response.read()
    connection.close()

    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert gzip.decompress(data).decode() == (static / "app.css").read_text()


@pytest.mark.parametrize(
    "path", ["/static/link.css", f"/static/link.{HASH}.css", "/static/", "/static/deep"]
)
def test_links_and_folders_are_not_served(site: Address, path: str) -> None:
    reply = ask(site, path)

    assert reply.status in {301, 403, 404}
    assert "SECRET" not in reply.body


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_the_names_that_the_application_gives_are_found(mirror: Address, path: Path) -> None:
    reply = ask(mirror, f"/static/{make_hashed_name(path.name)}")

    assert (reply.status, reply.body) == (200, path.read_text())
    assert "immutable" in reply.headers["cache-control"]


# --- the processes ---


def test_what_may_have_been_done_is_not_done_twice(tmp_path: Path) -> None:
    paths, port = [tmp_path / "lost.sock", tmp_path / "good.sock"], free_port()
    write_nginx(tmp_path, port, paths)
    with (
        answering(paths[0], Dropper),
        answering(paths[1], Mirror),
        start_nginx(tmp_path, port) as server,
    ):
        connection = Connection(("127.0.0.1", server.port))
        reads = [connection.ask("/").status for _ in range(6)]
        writes = [connection.ask("/", "POST", "x").status for _ in range(6)]
        connection.close()

    assert reads == [200] * 6  # from the other process
    assert sorted(writes) == [200] * 3 + [503] * 3


def test_nginx_lets_go_of_idle_connections_before_a_process_closes_them() -> None:
    shipped = (ROOT / "deploy" / "nginx.d" / "upstream.conf").read_text()
    found = re.search(r"^keepalive_timeout (\d+)s;$", shipped, re.MULTILINE)

    assert found is not None
    assert int(found[1]) <= Config.model_fields["SHUTDOWN_LAME_DUCK"].default / 2
    assert int(found[1]) < ServeConfig().keep_alive_timeout


# --- limits --------------------------------------------------------------------------------------


def test_a_body_over_the_limit_is_refused(site: Address) -> None:
    connection = Connection(site)
    fits = connection.ask("/page", "POST", "x" * 1024 * 1024)
    refused = connection.ask("/page", "POST", "x" * (1024 * 1024 + 1))
    connection.close()

    assert (fits.status, refused.status) == (200, 413)


def test_the_application_reads_a_post(site: Address) -> None:
    connection = Connection(site)
    reply = connection.ask("/page", "POST", "body")
    connection.close()

    assert json.loads(reply.body)["body"] == "body"


def test_too_many_requests_are_told_so(quart: Callable[..., Program], tmp_path: Path) -> None:
    port = free_port()
    write_nginx(tmp_path, port, [tmp_path / "nobody.sock"], rate="1r/s")
    with start_nginx(tmp_path, port):
        connection = Connection(("127.0.0.1", port))
        replies = [connection.ask("/") for _ in range(120)]
        connection.close()

    # Nobody serves here: what passed the limit says so.
    assert [reply.status for reply in replies[:90]] == [503] * 90
    assert replies[-1].status == 429
    for reply in (replies[0], replies[-1]):
        assert reply.headers["retry-after"] == "5"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-type"].startswith("text/plain")
        assert "Please try again" in reply.body


# --- the log and TLS -----------------------------------------------------------------------------


def test_the_log_has_one_object_a_line_whatever_is_asked(
    site: Address, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ask(
        site,
        "/line%0Abreak%1b%22?token=SECRET",
        {"User-Agent": 'a"b\\c', "X-Request-ID": "find-me-1"},
    )
    log = next(tmp_path_factory.getbasetemp().glob("nginx*/access.log"))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    line = next(line for line in lines if line["request_id"] == "find-me-1")

    assert (line["path"], line["agent"]) == ('/line\nbreak\x1b"', 'a"b\\c')
    assert (line["client"], line["method"], line["host"]) == ("127.0.0.1", "GET", "127.0.0.1")
    assert "SECRET" not in log.read_text()


def test_over_https_the_scheme_is_told_and_hsts_is_sent(
    quart: Callable[..., Program], static: Path, tmp_path: Path
) -> None:
    path, port = tmp_path / "app.sock", free_port()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "site.pem")
    tls = f" ssl;\nssl_certificate {tmp_path}/site.pem;\nssl_certificate_key {tmp_path}/site.pem;\n"
    write_nginx(tmp_path, port, [path], static=static, listen=f"{tls}include nginx.d/tls.conf")
    program = quart("serve", "--bind", f"unix:{path}")
    wait_until(path.exists, program)
    context = ssl.create_default_context()
    authority.configure_trust(context)

    with start_nginx(tmp_path, port):
        connection = HTTPSConnection("localhost", port, context=context)
        connection.request("GET", "/")
        seen = json.loads(connection.getresponse().read())
        connection.request("GET", "/static/app.css")
        response = connection.getresponse()
        response.read()
        connection.close()

    assert (seen["scheme"], seen["host"]) == ("https", f"localhost:{port}")
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
