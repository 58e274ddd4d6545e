"""What nginx does with who comes in the clear, and with which TLS it speaks."""

import re
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection

import pytest
import trustme

from tests.deploy.conftest import Mirror, answering
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, ask
from tests.processes import free_port
from tests.servers import start_nginx

SHIPPED = (ROOT / "deploy" / "nginx.d" / "http.conf").read_text()
SITE = (ROOT / "deploy" / "nginx.d" / "site.conf").read_text()
SECRET = "qa_secret"
CHALLENGE = ".well-known/acme-challenge/token"


def read_redirect(port: int) -> str:
    """Return the server for plain HTTP as `http.conf` has it, in force and at *port*."""
    found = re.search(r"(?m)^# server \{\n(?:# .*\n)*# \}$", SHIPPED)
    assert found
    block = re.sub("(?m)^# ?", "", found[0])
    return re.sub(r"(?m)^ *listen 80;\n *listen \[::\]:80;$", f"listen 127.0.0.1:{port};", block)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def sites(
    tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA
) -> Iterator[tuple[Address, Address]]:
    """The addresses of nginx, for HTTP and for HTTPS."""
    folder, plain, secure = tmp_path_factory.mktemp("tls"), free_port(), free_port()
    path, certificate = folder / "mirror.sock", folder / "site.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    (modes,) = re.findall("`listen 443 (.+?) …`", SITE)  # as of an nginx without `http2 on`
    tls = f" {modes};\nssl_certificate {certificate};\nssl_certificate_key {certificate};\n"
    write_nginx(folder, secure, [path], listen=f"{tls}include nginx.d/tls.conf")
    with (folder / "nginx.d" / "http.conf").open("a") as file:
        file.write(read_redirect(plain).replace("/var/www/acme", str(folder / "acme")))
    (folder / "acme" / CHALLENGE).parent.mkdir(parents=True)
    (folder / "acme" / CHALLENGE).write_text("proof")
    with answering(path, Mirror), start_nginx(folder, secure):
        yield ("127.0.0.1", plain), ("127.0.0.1", secure)


def test_people_are_led_to_https(sites: tuple[Address, Address]) -> None:
    reply = ask(sites[0], "/entities/?q=a")

    assert reply.status == 301
    assert reply.headers["location"] == "https://example.org/entities/?q=a"


def test_who_gives_certificates_finds_the_proof_in_the_clear(
    sites: tuple[Address, Address],
) -> None:
    found, none = (ask(sites[0], f"/{CHALLENGE}{more}") for more in ("", "s"))

    assert (found.status, found.body, none.status) == (200, "proof", 404)


def test_http_2_is_spoken_by_the_line_for_an_older_nginx(
    sites: tuple[Address, Address], authority: trustme.CA
) -> None:
    context = make_context(authority)
    context.set_alpn_protocols(["h2"])

    with (
        socket.create_connection(sites[1], timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        assert sock.selected_alpn_protocol() == "h2"


def test_programs_are_refused_and_told_so(sites: tuple[Address, Address]) -> None:
    reply = ask(sites[0], "/api/v1/entities", {"Authorization": f"Bearer {SECRET}"})

    assert (reply.status, reply.headers.get("location")) == (403, None)
    assert reply.headers["content-type"] == "application/problem+json"
    assert "revoke its token" in reply.body
    assert SECRET not in reply.body


def test_no_web_socket_is_opened_in_the_clear(sites: tuple[Address, Address]) -> None:
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert ask(sites[0], "/api/v1/live", asked).status == 403


def shake_hands(address: Address, context: ssl.SSLContext) -> tuple[str, str]:
    """Return the version and the cipher that both sides agree on."""
    connection = HTTPSConnection("localhost", address[1], context=context, timeout=10)
    connection.connect()
    agreed = connection.sock.version() or "", connection.sock.cipher()[0]
    connection.close()
    return agreed


def make_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
def test_weak_ciphers_are_refused(
    sites: tuple[Address, Address], authority: trustme.CA, cipher: str
) -> None:
    context = make_context(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(sites[1], context)


def test_no_request_is_sent_back(sites: tuple[Address, Address], authority: trustme.CA) -> None:
    connection = HTTPSConnection("localhost", sites[1][1], context=make_context(authority))
    connection.request("TRACE", "/", headers={"X-Secret": SECRET})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()

    assert (response.status, SECRET in body) == (405, False)
