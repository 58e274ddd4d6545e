"""What nginx passes on, and what it tells the processes."""

import json
import re
from pathlib import Path

import pytest
from wsproto.events import AcceptConnection, TextMessage

from tests.deploy.conftest import DEFLATE, see
from tests.nginx import copy_nginx
from tests.outside import Address, ask, name_host, open_socket, send_raw
from tests.processes import free_port
from tests.servers import check_nginx

# --- the files -----------------------------------------------------------------------------------


def test_the_shipped_files_are_accepted(tmp_path: Path) -> None:
    """With paths, ports and a user that exist here."""
    copy_nginx(tmp_path)
    for path in (tmp_path / "nginx.d").iterdir():
        text = re.sub(r"(?m)^(user www-data|listen \[).*$", "", path.read_text())
        text = text.replace("/run/nginx.pid", "nginx.pid").replace("/var/log/nginx/", "")
        text = text.replace("/var/cache/", "")
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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https"}, "203.0.113.1 https"),
        ({"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "http"}, "203.0.113.1 http"),
        ({"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "evil"}, "203.0.113.1 http"),
        ({"X-Forwarded-Proto": "https"}, "127.0.0.1 http"),  # it asks for itself
    ],
)
def test_who_ends_tls_in_front_is_believed(
    balanced: Address, said: dict[str, str], told: str
) -> None:
    seen = see(balanced, said)

    assert f"{seen['x-forwarded-for']} {seen['x-forwarded-proto']}" == told
