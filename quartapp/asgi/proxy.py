"""Who really asks, and how, when a proxy stands in between: only what a trusted one says counts."""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

Scope = dict[str, Any]

UNIX = "unix"  # among the trusted proxies: whoever reaches our unix socket
# Some frameworks take these for the truth; nothing below may read them.
FORWARDED = re.compile(rb"forwarded|x-forwarded-.*|x-real-ip|x-original-url|x-rewrite-url")
SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


def apply_forwarded(scope: Scope, proxies: Collection[str]) -> Scope:
    """Let a trusted proxy say who asks, and how; drop what anybody else says of that."""
    said = {}
    kept = []
    for name, value in scope["headers"]:
        if FORWARDED.fullmatch(name):
            said[name] = value.decode("latin1").rpartition(",")[2].strip()
        else:
            kept.append((name, value))
    scope = scope | {"headers": kept}
    peer = scope.get("client") or ("", 0)
    if said and is_trusted(peer[0], tuple(proxies)):
        return scope | dict(read_forwarded(scope, said))
    return scope


def read_forwarded(scope: Scope, said: dict[bytes, str]) -> Iterator[tuple[str, Any]]:
    if address := parse_address(said.get(b"x-forwarded-for", "")):
        yield "client", (str(address), 0)
    if scheme := SCHEMES[scope["type"]].get(said.get(b"x-forwarded-proto", "")):
        yield "scheme", scheme
    host = said.get(b"x-forwarded-host", "")
    if host_is_trusted(host):
        kept = [header for header in scope["headers"] if header[0] != b"host"]
        yield "headers", [*kept, (b"host", host.encode())]


@lru_cache(maxsize=256)
def is_trusted(peer: str, proxies: tuple[str, ...]) -> bool:
    if not peer:  # on a unix socket nobody has an address
        return UNIX in proxies
    address = parse_address(peer)
    networks = (ip_network(proxy) for proxy in proxies if proxy != UNIX)
    return address is not None and any(address in network for network in networks)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # What follows the % of a zone may be any text.
    return None if address.scope_id else address.ipv4_mapped or address
