"""From a client to the rows: TLS, nginx, `quart serve`, the application, PostgreSQL."""

import json
import re
import secrets
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest
import trustme
from wsproto.events import TextMessage

from tests.conftest import migrate
from tests.databases import create_database
from tests.helpers import PASSWORD
from tests.nginx import ROOT, write_nginx
from tests.outside import Reply, WebSocket, ask
from tests.processes import Server, free_port, make_folder, running
from tests.servers import note_server, start_nginx

QUART = [sys.executable, "-m", "quart", "--app", "quartapp:create_app"]
STYLE = ROOT / "quartapp" / "static" / "app.css"


@dataclass(frozen=True)
class Site:
    """nginx at https://localhost:*port*, and the link that makes the first administrator."""

    port: int
    context: ssl.SSLContext
    setup_link: str

    def call(self, path: str, data: object = None, **headers: str) -> Reply:
        """GET, or POST when there is *data*: a string is a form, all else JSON."""
        kind = "application/x-www-form-urlencoded" if isinstance(data, str) else "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = data if isinstance(data, str) else json.dumps(data)
        connection = HTTPSConnection("localhost", self.port, timeout=20, context=self.context)
        if data is None:
            connection.request("GET", path, headers=named)
        else:
            connection.request("POST", path, body, {"Content-Type": kind, **named})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        cookies = response.headers.get_all("Set-Cookie", [])
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, {**found, "set-cookie": "\n".join(cookies)}, text)


@pytest.fixture
def database(postgres_server: Server) -> str:
    return migrate(create_database(postgres_server))


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Site]:
    port, path = free_port(), tmp_path / "app.sock"
    settings = {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": database,
        "INSTANCE_PATH": str(tmp_path),
        "PUBLIC_URL": f"https://localhost:{port}",
        "PYTHONPATH": str(ROOT),
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": "0.1",
        "TRUSTED_PROXIES": "unix",
    }
    serve = [*QUART, "serve", "--config", str(ROOT / "hypercorn.toml"), "--bind", f"unix:{path}"]
    context = certify(tmp_path, port, path)
    with (
        make_folder() as folder,
        running(folder, serve, lambda: is_ready(path), env=settings),
        start_nginx(tmp_path, port) as nginx,
    ):
        note_server(nginx)
        yield Site(port, context, print_setup_link(settings))


def certify(folder: Path, port: int, path: Path) -> ssl.SSLContext:
    """Write nginx's files into *folder*, with a certificate; return who trusts that."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "site.pem")
    tls = f" ssl;\nssl_certificate {folder}/site.pem;\nssl_certificate_key {folder}/site.pem;\n"
    write_nginx(folder, port, [path], listen=f"{tls}include nginx.d/tls.conf")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def is_ready(path: Path) -> bool:
    try:
        return ask(path, "/readyz").status == 200
    except OSError:
        return False


def print_setup_link(settings: dict[str, str]) -> str:
    command = [*QUART, "user", "setup-link"]
    done = subprocess.run(
        command, env=settings, cwd=settings["INSTANCE_PATH"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def test_everything_together(site: Site, database: str) -> None:
    bearer = set_up(site)
    entity = add_example(site, bearer)
    talk(site, bearer, entity)
    cookies = sign_in(site)
    look_at_page(site, cookies)

    connection = await asyncpg.connect(database.replace("+asyncpg", ""))
    rows = await connection.fetch(
        'SELECT entity.name, "user".name AS author, body FROM comment '
        'JOIN entity ON entity.id = entity_id JOIN "user" ON "user".id = author_id '
        "ORDER BY comment.id"
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [
        ("Example", "admin", "By request."),
        ("Example", "admin", "By web socket."),
    ]


def set_up(site: Site) -> str:
    """Make the administrator, and return the header of a program that calls as them."""
    address, _, token = site.setup_link.partition("?token=")
    made = site.call("/api/v1/setup", {"token": token, "name": "admin", "password": PASSWORD})
    asked = site.call("/api/v1/tokens", {"username": "admin", "password": PASSWORD})

    assert address == f"https://localhost:{site.port}/auth/setup"
    assert (made.status, asked.status) == (201, 201)
    return f"Bearer {json.loads(asked.body)['token']}"


def add_example(site: Site, bearer: str) -> str:
    """Add a site and a comment; return the address of the site."""
    data = {"name": "Example", "url": "https://example.org/"}
    made = site.call("/api/v1/entities", data, Authorization=bearer)
    entity = made.headers["location"]
    comment = site.call(f"{entity}/comments", {"body": "By request."}, Authorization=bearer)
    stranger = site.call(entity)

    assert (made.status, comment.status, stranger.status) == (201, 201, 401)
    return entity


def talk(site: Site, bearer: str, entity: str) -> None:
    """Comment over a web socket."""
    plain = socket.create_connection(("127.0.0.1", site.port), timeout=20)
    with site.context.wrap_socket(plain, server_hostname="localhost") as sock:
        host, headers = f"localhost:{site.port}", {"Authorization": bearer}
        web_socket = WebSocket(sock, host, f"{entity}/comments/live", headers)
        first = hear(web_socket)
        web_socket.send(TextMessage("By web socket."))
        second = hear(web_socket)

    assert first == {"type": "connected", "entity_id": 1}
    assert (second["type"], second["comment"]["body"]) == ("comment", "By web socket.")


def hear(web_socket: WebSocket) -> dict[str, Any]:
    event = web_socket.receive()
    assert isinstance(event, TextMessage), event
    message: dict[str, Any] = json.loads(event.data)
    return message


def sign_in(site: Site) -> str:
    """Sign in as a browser does, and return its cookies."""
    page = site.call("/auth/login")
    session, attributes = read_cookies(page)
    token, _ = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page.body)  # passkeys have one
    form = urlencode({"name": "admin", "password": PASSWORD, "csrf_token": token})
    done = site.call("/auth/login", form, Cookie=session, Origin=f"https://localhost:{site.port}")
    cookies, more = read_cookies(done)

    assert (done.status, done.headers["location"]) == (303, "/")
    assert {*attributes, *more} == {("__Host-session", True, True), ("__Host-quartapp", True, True)}
    return f"{session}; {cookies}"


def read_cookies(reply: Reply) -> tuple[str, list[tuple[str, bool, bool]]]:
    """Return the cookies as they are sent back, and which are secure and out of scripts' reach."""
    found = [SimpleCookie(line) for line in reply.headers["set-cookie"].splitlines()]
    morsels = [morsel for cookie in found for morsel in cookie.values()]
    sent = "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in morsels)
    return sent, [(m.key, bool(m["secure"]), bool(m["httponly"])) for m in morsels]


def look_at_page(site: Site, cookies: str) -> None:
    """See the site in a page, whose style sheet comes from nginx."""
    page = site.call("/entities/", Cookie=cookies)
    (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.body)
    style = site.call(address)

    assert (page.status, ">Example</a>" in page.body) == (200, True)
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert re.fullmatch(r"/static/app\.[0-9a-f]{12}\.css", address)
    assert style.body == STYLE.read_text()
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert ("x-request-id" in page.headers, "x-request-id" in style.headers) == (True, False)
