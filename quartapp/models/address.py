"""Which addresses may be asked: pure rules for those that add sites, and for the guard."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from yarl import URL

from quartapp.texts import Text, find_text

MAX_URL = 2048  # characters
REMEMBERED = 20_000  # addresses: to read one costs as much as a third of a look
NAME = re.compile(r"(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}\.?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# All that is unicast in the Internet; the rest of IPv6 is local, reserved or a translation.
UNICAST = IPv6Network("2000::/3")
COMPATIBLE = IPv6Network("::/96")
NAT64 = IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# What Python's is_global lets through, in one version or another.
FORBIDDEN: tuple[Network, ...] = (
    IPv4Network("100.64.0.0/10"),  # of a provider, behind its NAT
    IPv4Network("192.0.0.0/24"),  # of protocols
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv6Network("2001::/23"),  # of protocols, Teredo among them
    IPv6Network("2001:db8::/32"),  # examples
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # more of them
)


class RefusedError(Exception):
    """An address that is not ours to ask; the message is one sentence for people."""

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting  # that might allow it


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the settings let sites be asked."""

    ports: Sequence[range]
    allowed: Sequence[Network]

    def check(self, url: str) -> None:
        """ValueError for what can never be asked, as far as that is seen without a look-up."""
        try:
            asked = check_url(url, self.ports)
            if address := read_address(asked.raw_host or ""):
                refuse_address(address, self.allowed)
        except RefusedError as error:
            raise ValueError(add_hint(find_text(error), error.setting)) from error


def add_hint(fault: str, setting: str) -> str:
    """Name the setting that might allow what is refused, if there is one."""
    if not setting:
        return fault
    return Text(
        "%(fault)s Whoever runs this may allow it: %(setting)s.", fault=fault, setting=setting
    )


def read_bounds(settings: Mapping[str, Any]) -> Bounds:
    ports, networks = settings["CHECK_PORTS"], settings["CHECK_ALLOWED_NETWORKS"]
    return Bounds(read_ports(ports), [ip_network(network) for network in networks])


def is_forbidden(address: Address, allowed: Iterable[Network]) -> bool:
    """Tell whether *address* leads, or may be translated, to anything but the open Internet.

    The networks of *allowed* are excepted; what an address of theirs has inside must be so, too.
    """
    allowed = tuple(allowed)
    if any(is_forbidden(inner, allowed) for inner in find_embedded(address)):
        return True
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return True
    return not any(address in network for network in allowed) and not is_public(address)


def refuse_address(address: Address, allowed: Iterable[Network]) -> None:
    if is_forbidden(address, allowed):
        raise RefusedError(
            Text("%(address)s is not a public address.", address=address), "CHECK_ALLOWED_NETWORKS"
        )


def is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    if address.is_multicast or not address.is_global:
        return False
    return not any(address in network for network in FORBIDDEN)


def find_embedded(address: Address) -> Iterator[IPv4Address]:
    """Return the IPv4 addresses that somebody on the way could make of one of IPv6."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in NAT64 or address in LOCAL_NAT64 or (address in COMPATIBLE and number > 1):
        yield IPv4Address(number & 0xFFFF_FFFF)
    if address in LOCAL_NAT64:  # RFC 6052: of a prefix of 48 bits, around the ninth byte
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)


def read_ports(ports: Iterable[str]) -> list[range]:
    """Return what settings write as 443, or 8000-8999."""
    pairs = [(first, last or first) for first, _, last in (port.partition("-") for port in ports)]
    return [range(int(first), int(last) + 1) for first, last in pairs]


def check_url(url: str, ports: Iterable[range]) -> URL:
    """Return the address as it is asked: its host as DNS writes it, without a fragment."""
    asked = read_url(url)
    if not any(asked.port in some for some in ports):
        text = Text("Port %(port)s is not among those that are watched.", port=asked.port)
        raise RefusedError(text, "CHECK_PORTS")
    return asked


@lru_cache(REMEMBERED)
def read_url(url: str) -> URL:
    """Return an address that is sound; most are those of a minute ago."""
    if len(url) > MAX_URL:
        raise RefusedError(
            Text("The address is longer than %(max_url)s characters.", max_url=MAX_URL)
        )
    if any(not char.isprintable() or char.isspace() or char == "\\" for char in url):
        raise RefusedError(Text("An address has no spaces, backslashes or control characters."))
    try:
        parts, asked = urlsplit(url), URL(url)
        check_parts(parts, asked)
    except ValueError:
        raise RefusedError(Text("This is not the address of a site.")) from None
    check_host(asked.raw_host or "")
    return asked.with_fragment(None)


def check_parts(parts: SplitResult, asked: URL) -> None:
    if parts.scheme not in ("http", "https") or asked.scheme != parts.scheme:
        raise RefusedError(Text("An address starts with http:// or https://."))
    if "@" in parts.netloc or asked.user is not None or asked.password is not None:
        raise RefusedError(Text("An address has no user and no password."))
    # Two parsers that read different hosts: somebody wants one checked and the other one asked.
    host = URL.build(scheme="http", host=parts.hostname or "").raw_host
    if not host or host != asked.raw_host or parts.port != asked.explicit_port:
        raise ValueError(parts.netloc)


def check_host(host: str) -> None:
    if ":" in host or NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        check_literal(host)
    elif not NAME.fullmatch(host):
        raise RefusedError(Text("The host of the address is no name that DNS knows."))


def check_literal(host: str) -> None:
    """Refuse what only some programs take for an address: 127.1, 0x7f000001, 0177.0.0.1."""
    if "%" in host or read_address(host) is None:
        raise RefusedError(Text("The host of the address is a number, but not an address."))


@lru_cache(REMEMBERED)
def read_address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
