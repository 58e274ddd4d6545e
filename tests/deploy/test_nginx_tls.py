"""HTTPS and HTTP/2, as the comments that are shipped say, in front of a process in production."""

import asyncio
import re
import secrets
import shutil
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from sqlalchemy.ext.asyncio import AsyncSession
from wsproto.events import AcceptConnection, TextMessage

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.helpers import add_person, make_bearer
from tests.nginx import ROOT, write_nginx
from tests.outside import WebSocket, ask, send_raw
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready

SERVE = ["--app", "quartapp", "serve", "--config", str(ROOT / "hypercorn.toml"), "--bind"]
Headers = list[tuple[str, str]]


@dataclass
class Site:
    """nginx with HTTPS on one port, and HTTP on another; *bearer* may use the API."""

    port: int
    plain: int
    trust: Path
    env: dict[str, str]
    bearer: dict[str, str]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def make_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.trust)

    def connect(self, *protocols: str, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        context = context or self.make_context()
        context.set_alpn_protocols(list(protocols))
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            return context.wrap_socket(sock, server_hostname="localhost")

    def send(self, head: str) -> str:
        """Send the head of a request of HTTP/1.1, and return what comes until the end."""
        with self.connect("http/1.1") as sock:
            sock.sendall(head.replace("\n", "\r\n").encode())
            return b"".join(iter(lambda: sock.recv(65_536), b"")).decode()

    def get(self, path: str, host: str = "") -> tuple[str, Headers]:
        """Ask by HTTP/1.1; return the status and the headers."""
        answer = self.send(f"GET {path} HTTP/1.1\nHost: {host or self.host}\nConnection: close\n\n")
        first, *lines = answer.partition("\r\n\r\n")[0].split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        return first.split()[1], [(name.lower(), value) for name, value in pairs]

    def get_by_http_2(self, path: str, host: str = "") -> tuple[str, Headers]:
        with self.connect("h2", "http/1.1") as sock:
            assert sock.selected_alpn_protocol() == "h2"
            (_, status), *headers = ask_by_http_2(sock, path, host or self.host)
            return status, headers


def ask_by_http_2(
    sock: ssl.SSLSocket, path: str, host: str, more: Mapping[str, str] = {}, data: bytes = b""
) -> Headers:
    connection, headers = H2Connection(), []
    connection.initiate_connection()
    asked = {":method": "GET", ":scheme": "https", ":authority": host, ":path": path}
    connection.send_headers(1, [*{**asked, **more}.items()])
    connection.send_data(1, data, end_stream=True)
    while True:
        sock.sendall(connection.data_to_send())
        for event in connection.receive_data(sock.recv(65_536)):
            if isinstance(event, ResponseReceived):
                headers = [(name.decode(), value.decode()) for name, value in event.headers]
            if isinstance(event, DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length, 1)
            if isinstance(event, StreamEnded):
                return headers


def write_tls(folder: Path, site: Site, certificate: Path) -> None:
    """Do what the comments of `site.conf` and `http.conf` say, for the ports of *site*."""
    shipped = ROOT / "deploy" / "nginx.d"
    _, tls = (shipped / "site.conf").read_text().split("# With certificates")
    lines = re.findall(r"(?m)^# ((?:listen|http2|ssl|include).*)", tls)
    text = "\n".join(["server_name localhost;", f"set $static {ROOT}/quartapp/static;", *lines])
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{site.port} ")
    text = re.sub(r"(ssl_certificate(?:_key)?) \S+;", rf"\1 {certificate};", text)
    (folder / "nginx.d" / "site.conf").write_text(without_ipv6(text))
    redirect = (shipped / "http.conf").read_text().partition("# server {\n")[2]
    redirect = (
        re.sub("(?m)^# ?", "", "# server {\n" + redirect)
        .replace("example.org", "localhost")
        .replace("listen 80;", f"listen 127.0.0.1:{site.plain};")
    )
    with (folder / "nginx.d" / "http.conf").open("a") as file:
        file.write(without_ipv6(redirect))


def without_ipv6(text: str) -> str:
    return re.sub(r"(?m)^ *listen \[::\].*\n", "", text)


async def add_reader(url: str) -> dict[str, str]:
    engine = make_engine(parse_url(url))
    async with AsyncSession(engine) as session, session.begin():
        bearer = await make_bearer(session, await add_person(session, "ann"))
    await engine.dispose()
    return bearer


@pytest.fixture(scope="module")
def site(
    nursery: Path, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    # Of RSA, which is what TLS 1.2 may do without forward secrecy.
    certificate = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "site.pem")
    shutil.copy(sqlite_template, folder / "quartapp.db")
    env = {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": f"sqlite:///{folder}/quartapp.db",
        "INSTANCE_PATH": str(folder),
        "PUBLIC_URL": f"https://localhost:{port}",
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": "0.1",
        "SSL_CERT_FILE": str(folder / "ca.pem"),
        "TRUSTED_PROXIES": "unix",
    }
    bearer = asyncio.run(add_reader(env["DATABASE_URL"]))
    site = Site(port, free_port(), folder / "ca.pem", env, bearer)
    path = folder / "app.sock"
    write_nginx(folder, port, [path])
    write_tls(folder, site, folder / "site.pem")
    with (
        fork_quart(nursery, [*SERVE, f"unix:{path}"], env) as program,
        start_nginx(folder, site.plain) as server,
    ):
        wait_until(lambda: is_ready(path), program)
        note_server(server)
        yield site


# --- protocols -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["h2", "http/1.1"], "h2"),
        (["http/1.1", "h2"], "h2"),
        (["http/1.1"], "http/1.1"),
        ([], None),
    ],
)
def test_http_2_is_spoken_with_whoever_offers_it(
    site: Site, offered: list[str], chosen: str | None
) -> None:
    with site.connect(*offered) as sock:
        assert (sock.selected_alpn_protocol(), sock.version()) == (chosen, "TLSv1.3")


@pytest.mark.parametrize(
    "path", ["/auth/login", "/api/v1/openapi.json", "/static/app.css", "/none"]
)
def test_answer_is_the_same_by_either_protocol(site: Site, path: str) -> None:
    old, new = site.get(path), site.get_by_http_2(path)

    assert old[0] == new[0] == ("404" if path == "/none" else "200")
    assert name_headers(old[1]) - {"connection", "transfer-encoding"} == name_headers(new[1])


def name_headers(headers: Headers) -> set[str]:
    return {name for name, _ in headers}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(site: Site, version: ssl.TLSVersion) -> None:
    context = site.make_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        site.connect(context=context)


def test_tls_1_2_needs_forward_secrecy(site: Site) -> None:
    old, weak = site.make_context(), site.make_context()
    old.maximum_version = weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-GCM-SHA256")

    with site.connect(context=old) as sock:
        assert sock.version() == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        site.connect(context=weak)


@pytest.mark.parametrize("path", ["/", "/auth/login?next=/a%20b"])
def test_plain_http_leads_to_https_of_this_site(site: Site, path: str) -> None:
    told = [
        ask(("127.0.0.1", site.plain), path, {"Host": host}) for host in ("localhost", "evil.test")
    ]

    assert [(one.status, one.headers["location"]) for one in told] == [
        (301, f"https://localhost{path}")
    ] * 2


def test_nobody_comes_from_http_1_to_http_2_but_by_alpn(site: Site) -> None:
    upgrade = "Upgrade: h2c\nConnection: Upgrade, HTTP2-Settings\nHTTP2-Settings: AAMAAABkAAQAoAAAA"
    hidden = "PRI * HTTP/2.0\n\nSM\n\n"
    answer = site.send(f"GET /livez HTTP/1.1\nHost: {site.host}\n{upgrade}\n\n{hidden}")
    assumed = send_raw(("127.0.0.1", site.plain), hidden.replace("\n", "\r\n").encode() + bytes(9))

    assert answer.startswith("HTTP/1.1 200 ")
    assert " 101 " not in answer
    assert assumed == b"" or assumed.startswith(b"HTTP/1.1 400 ")


# Of 5, as it is, the application hears, which no form of ours asks in that way.
@pytest.mark.parametrize(("length", "status"), [("5", "415"), ("4", "400"), ("6", "400")])
def test_length_is_that_of_the_data(site: Site, length: str, status: str) -> None:
    more = {":method": "POST", "content-length": length}
    with site.connect("h2") as sock:
        found = ask_by_http_2(sock, "/auth/login", site.host, more, b"hello")

    assert found[0] == (":status", status)


# --- the application behind it -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth/login", "/static/app.css", "/livez", "/nothing"])
def test_browsers_are_told_once_to_stay_with_https(site: Site, path: str) -> None:
    told = [dict_of(headers) for _, headers in (site.get(path), site.get_by_http_2(path))]

    assert [one["strict-transport-security"] for one in told] == [
        ["max-age=63072000; includeSubDomains"]
    ] * 2


def dict_of(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def test_application_knows_that_it_is_https(site: Site) -> None:
    _, headers = site.get_by_http_2("/auth/login")
    _, redirect = site.get("/entities")
    (cookie,) = dict_of(headers)["set-cookie"]

    name, *flags = cookie.split("; ")
    assert name.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {*flags}
    assert dict_of(redirect)["location"] == [f"https://{site.host}/entities/"]


def test_host_that_is_not_ours_is_refused(site: Site) -> None:
    assert [site.get("/auth/login", "evil.test")[0], site.get_by_http_2("/", "evil.test")[0]] == [
        "400"
    ] * 2


def test_web_socket_goes_through_tls(site: Site) -> None:
    with site.connect("http/1.1") as sock:
        web_socket = WebSocket(sock, site.host, "/api/v1/live", site.bearer)
        greeting = web_socket.receive()

    assert isinstance(web_socket.handshake, AcceptConnection)
    assert isinstance(greeting, TextMessage)
    assert '"connected"' in greeting.data


def test_doctor_finds_nothing_amiss_from_outside(site: Site, nursery: Path) -> None:
    with fork_quart(nursery, ["--app", "quartapp", "doctor", "--deploy"], site.env) as program:
        code, said = program.wait(), program.output()

    outside = [line for line in said.splitlines() if " outside " in line]
    assert (code, outside) == (0, [f"ok    outside     https://{site.host} answers."])
