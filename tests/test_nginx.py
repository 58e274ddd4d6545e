"""The shipped nginx configuration, between real clients and a real process."""

import gzip
import json
import re
import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import trustme
from wsproto.events import AcceptConnection, TextMessage

from tests.nginx import copy_nginx, write_nginx
from tests.outside import Address, Connection, ask, open_socket, send_raw
from tests.processes import Program, free_port, wait_until
from tests.servers import check_nginx, fork_quart, note_server, start_nginx

DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
HASH = "0123456789ab"


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
        fork_quart(nursery, ["serve", "--bind", f"unix:{path}"], {}) as program,
        start_nginx(folder, port) as server,
    ):
        wait_until(lambda: path.exists() and ask(path, "/readyz").status == 200, program)
        note_server(server)
        yield ("127.0.0.1", port)


def see(address: Address, path: str = "/", **headers: str) -> dict[str, Any]:
    """What the application saw of a request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    seen: dict[str, Any] = json.loads(ask(address, path, named).body)
    return seen


# --- the files -----------------------------------------------------------------------------------


def test_the_shipped_files_are_accepted(tmp_path: Path) -> None:
    copy_nginx(tmp_path)
    for path in (tmp_path / "nginx.d").iterdir():
        text = re.sub(
            "/(run|var/log/nginx)/(?=nginx.pid|error.log|quartapp.log)", "", path.read_text()
        )
        path.write_text(re.sub("^user .*$", "", text, flags=re.M))

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
    seen = json.loads(answer.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1 400")[0])
    assert {"Upgrade", "Connection", "Http2-Settings"} & seen["headers"].keys() == set()


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


def test_what_clients_say_of_themselves_is_overwritten(site: Address) -> None:
    seen = see(
        site,
        X_Forwarded_For="203.0.113.1",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="evil.test",
        X_Forwarded_Port="1",
        X_Forwarded_Prefix="/evil",
        X_Forwarded_Server="evil.test",
        X_Real_IP="203.0.113.1",
        X_Original_URL="/evil",
        X_Rewrite_URL="/evil",
        Forwarded="for=203.0.113.1;host=evil.test",
        Proxy="http://evil.test",
    )

    assert (seen["client"], seen["scheme"], seen["host"]) == (
        "127.0.0.1",
        "http",
        f"127.0.0.1:{site[1]}",
    )
    assert "evil" not in json.dumps(seen)
    assert "203.0.113.1" not in json.dumps(seen)


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ("example.org", "example.org"),
        ("Example.ORG:8080", "example.org:8080"),
        ("[::1]:80", "[::1]:80"),
    ],
)
def test_the_host_is_the_one_that_was_asked_for(site: Address, host: str, seen: str) -> None:
    assert see(site, Host=host)["host"] == seen


def test_a_host_in_the_target_wins(site: Address) -> None:
    answer = send_raw(
        site,
        b"GET http://real.test/ HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n",
    )

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["host"] == "real.test"


def test_a_request_id_is_kept_or_made(site: Address) -> None:
    given, made, replaced = (
        see(site, X_Request_ID="abcd-1234")["headers"]["X-Request-Id"],
        see(site)["headers"]["X-Request-Id"],
        see(site, X_Request_ID='a"b c')["headers"]["X-Request-Id"],
    )

    assert given == "abcd-1234"
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert re.fullmatch("[0-9a-f]{32}", replaced)


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

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"SECRET" not in answer
    assert b'"pid"' not in answer  # nginx said it, not the application


@pytest.mark.parametrize("path", ["/.well-known/security.txt", "/internals", "/metricsx", "/e/1"])
def test_what_only_looks_like_it_passes(site: Address, path: str) -> None:
    assert see(site, path)["path"] == path[1:]


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

    assert (line["path"], line["status"], line["agent"]) == ('/line\nbreak\x1b"', 200, 'a"b\\c')
    assert line["upstream_status"] == "200"
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
