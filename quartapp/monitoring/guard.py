"""The only place where sockets are opened for what people have entered."""

import socket
from collections.abc import Iterable

from quartapp.models.address import Address, Network, RefusedError, read_address, refuse_address
from quartapp.texts import Text


def is_own(address: Address) -> bool:
    """Tell whether this machine itself would answer: nothing is sent for that."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(address), 9))
        except OSError:
            return False
        return read_address(sock.getsockname()[0]) == address


def open_socket(address: Address, allowed: Iterable[Network]) -> socket.socket:
    """Open a socket for *address*; no other place does, whatever a name or a redirect said."""
    allowed = tuple(allowed)
    refuse_address(address, allowed)
    if is_own(address) and not any(address in network for network in allowed):
        raise RefusedError(Text("%(address)s is an address of this machine.", address=address))
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock
