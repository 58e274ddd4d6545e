from typing import Any

import pytest

from quartapp.asgi.proxy import apply_forwarded

PROXY = ("10.0.0.1", 4711)


def forward(
    *headers: tuple[str, str],
    client: Any = PROXY,
    proxies: list[str] | None = None,
    kind: str = "http",
) -> dict[str, Any]:
    """Return what the app gets to see: client, scheme and headers."""
    scope = {
        "type": kind,
        "client": client,
        "scheme": {"http": "http", "websocket": "ws"}[kind],
        "headers": [(name.lower().encode(), value.encode("latin1")) for name, value in headers],
    }
    seen = apply_forwarded(scope, ["10.0.0.0/8"] if proxies is None else proxies)
    return {"client": seen["client"], "scheme": seen["scheme"], "headers": dict(seen["headers"])}


ALL = (
    ("Host", "inner"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "example.org"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-Anything", "evil"),
    ("Forwarded", "for=192.0.2.9;proto=https;host=evil.org"),
    ("X-Real-IP", "192.0.2.9"),
    ("X-Original-URL", "/admin"),
    ("X-Rewrite-URL", "/admin"),
    ("Accept", "*/*"),
)
BELIEVED = {
    "client": ("192.0.2.1", 0),
    "scheme": "https",
    "headers": {b"accept": b"*/*", b"host": b"example.org"},
}


def test_a_trusted_proxy_says_who_asks_and_how() -> None:
    assert forward(*ALL) == BELIEVED


def test_a_stranger_is_not_believed_and_nobody_below_can_read_it() -> None:
    stranger = ("192.0.2.66", 4711)

    assert forward(*ALL, client=stranger) == {
        "client": stranger,
        "scheme": "http",
        "headers": {b"host": b"inner", b"accept": b"*/*"},
    }


@pytest.mark.parametrize(
    ("client", "proxies", "trusted"),
    [
        (("10.255.0.1", 1), ["10.0.0.0/8"], True),
        (("11.0.0.1", 1), ["10.0.0.0/8"], False),
        (("10.0.0.1", 1), [], False),
        (("10.0.0.1", 1), ["192.0.2.0/24", "10.0.0.1"], True),
        (("::ffff:10.0.0.1", 1), ["10.0.0.0/8"], True),
        (("fd00::1", 1), ["fd00::/8"], True),
        (("fd00::1", 1), ["10.0.0.0/8"], False),
        (("fe80::1%eth0", 1), ["fe80::/10"], False),
        (("10.0.0.1", 1), ["unix"], False),
        (None, ["unix"], True),
        (("", 0), ["unix"], True),
        (None, ["10.0.0.0/8", "0.0.0.0/0", "::/0"], False),
        (("nonsense", 0), ["0.0.0.0/0", "unix"], False),
    ],
)
def test_the_peer_decides_who_is_believed(client: Any, proxies: list[str], trusted: bool) -> None:
    seen = forward(("X-Forwarded-For", "192.0.2.1"), client=client, proxies=proxies)

    assert seen["client"] == (("192.0.2.1", 0) if trusted else client)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("6.6.6.6,  2001:db8::1 ", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, ", None),
        ("192.0.2.1:443", None),
        ("unknown", None),
        ("<script>", None),
        ("fe80::1%<script>", None),
        ("192.0.2.1\x00", None),
        ("", None),
        ("3232235521", None),
    ],
)
def test_only_the_last_address_counts_and_only_an_address(value: str, address: str | None) -> None:
    seen = forward(("X-Forwarded-For", value))

    assert seen["client"] == ((address, 0) if address else PROXY)


def test_the_last_of_several_headers_counts() -> None:
    seen = forward(("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2"))

    assert seen["client"] == ("192.0.2.2", 0)


@pytest.mark.parametrize(
    ("kind", "value", "scheme"),
    [
        ("http", "https", "https"),
        ("http", "http", "http"),
        ("http", "https, http", "http"),
        ("websocket", "https", "wss"),
        ("websocket", "http", "ws"),
        ("http", "javascript", "http"),
        ("http", "HTTPS", "http"),
        ("websocket", "wss", "ws"),
        ("http", "", "http"),
    ],
)
def test_the_scheme_is_one_that_we_serve(kind: str, value: str, scheme: str) -> None:
    assert forward(("X-Forwarded-Proto", value), kind=kind)["scheme"] == scheme


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("example.org", b"example.org"),
        ("example.org:8443", b"example.org:8443"),
        ("[::1]:80", b"[::1]:80"),
        ("evil.org, example.org", b"example.org"),
        ("exa mple.org", b"inner"),
        ("example.org/path", b"inner"),
        ("user@example.org", b"inner"),
        ("example.org:99999", b"inner"),
        ("ex\xe4mple.org", b"inner"),
        ("", b"inner"),
    ],
)
def test_the_host_has_to_be_one(value: str, host: bytes) -> None:
    assert forward(("Host", "inner"), ("X-Forwarded-Host", value))["headers"] == {b"host": host}
