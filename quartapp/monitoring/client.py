"""What all looks of a process share."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

from quartapp.models.address import Network, read_ports
from quartapp.monitoring.lanes import Lanes
from quartapp.monitoring.names import Lookup, Names

LANES = 2  # looks at once at one host, and at one address


@dataclass(frozen=True)
class Client:
    headers: Mapping[str, str]  # of every request
    names: Names
    tls: ssl.SSLContext
    ports: Sequence[range]
    allowed: Sequence[Network]
    hosts: Lanes = field(default_factory=lambda: Lanes(LANES))
    addresses: Lanes = field(default_factory=lambda: Lanes(LANES))


@asynccontextmanager
async def open_client(
    *,
    user_agent: str,
    ports: Iterable[str],
    allowed: Iterable[str] = (),
    ca_file: str = "",
    lookup: Lookup = socket.getaddrinfo,
) -> AsyncIterator[Client]:
    """Open what `look` needs, once for a process; the settings CHECK_… say the same words."""
    tls = await asyncio.to_thread(make_tls, ca_file)
    networks = [ip_network(network) for network in allowed]
    # All that aiohttp can unpack piece by piece, whatever else is installed.
    headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    yield Client(headers, Names(lookup), tls, read_ports(ports), networks)


def make_tls(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
