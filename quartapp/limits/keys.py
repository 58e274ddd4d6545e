"""Whose requests are counted together."""

import hashlib
import unicodedata
from ipaddress import IPv6Address, ip_network

from quart import g, has_websocket_context, request, websocket

from quartapp.asgi.proxy import parse_address

SITE_BITS = 64  # of an IPv6 address: whoever has one has all that begin with these


def by_asker() -> str:
    """Count each user alone, and strangers by their address."""
    asker = g.get("asker")  # as quartapp.auth has found
    user = asker.user if asker else None
    return by_user(user.id) if user else by_address()


def by_user(user_id: int) -> str:
    return f"user:{user_id}"


def by_address() -> str:
    asked = websocket if has_websocket_context() else request
    return f"address:{group_address(asked.remote_addr or '')}"


def by_all() -> str:
    return "all"


def by_account(name: str) -> str:
    """Count the spellings of a name as one, whether there is such an account or not."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    spelling = " ".join(folded.split())
    return f"account:{hashlib.sha256(spelling.encode(errors='surrogatepass')).hexdigest()}"


def group_address(text: str) -> str:
    address = parse_address(text)
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SITE_BITS), strict=False))
    return str(address)
