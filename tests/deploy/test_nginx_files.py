"""What nginx answers itself, what it refuses, and what it logs."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from quartapp.config import Config
from quartapp.serve import ServeConfig
from quartapp.web.static import make_hashed_name
from tests.deploy.conftest import HASH, Dropper, Mirror, answering
from tests.nginx import ROOT, STATIC, write_nginx
from tests.outside import Address, Connection, ask, send_raw
from tests.processes import Program, free_port
from tests.servers import start_nginx

GUARD = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

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
        assert headers["content-security-policy"] == GUARD
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


@pytest.mark.parametrize("path", ["/.env", "/static/nothing.css"])
def test_refusals_are_guarded_and_not_kept(site: Address, path: str) -> None:
    headers = ask(site, path).headers

    assert headers["content-security-policy"] == GUARD
    assert headers["cache-control"] == "no-store"


def test_answer_that_says_nothing_of_itself_is_guarded(mirror: Address) -> None:
    answer = send_raw(mirror, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert f"Content-Security-Policy: {GUARD}".encode() in answer


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
    refused = connection.ask("/page", "POST", "x" * (9 * 1024 * 1024 + 1))
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


# --- the log -------------------------------------------------------------------------------------


def test_the_log_has_one_object_a_line_whatever_is_asked(
    site: Address, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ask(
        site,
        "/line%0Abreak%1b%22?token=SECRET",
        {"User-Agent": 'a"b\\c', "X-Request-ID": "find-me-1"},
    )
    text = ""
    while "find-me-1" not in text:  # nginx writes it after the answer
        logs = tmp_path_factory.getbasetemp().glob("nginx*/access.log")
        text = "".join(log.read_text() for log in logs)
    lines = [json.loads(line) for line in text.splitlines()]
    line = next(line for line in lines if line["request_id"] == "find-me-1")

    assert (line["path"], line["agent"]) == ('/line\nbreak\x1b"', 'a"b\\c')
    assert (line["client"], line["method"], line["host"]) == ("127.0.0.1", "GET", "127.0.0.1")
    assert "SECRET" not in text
