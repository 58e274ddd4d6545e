"""What no socket is opened for."""

from ipaddress import ip_address, ip_network
from socket import AF_INET, AF_INET6

import pytest

from quartapp.models import address as module
from quartapp.models.address import RefusedError
from quartapp.monitoring.guard import is_own, open_socket
from tests.monitoring.vectors import FORBIDDEN, PUBLIC


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_socket_is_opened_for_what_is_not_public(address: str) -> None:
    with pytest.raises(RefusedError, match="is not a public address"):
        open_socket(ip_address(address), [])


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_asked(address: str) -> None:
    family = AF_INET6 if ":" in address else AF_INET
    with open_socket(ip_address(address), []) as sock:
        assert (sock.family, sock.getblocking()) == (family, False)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("2a00::1", False),
        ("255.255.255.255", False),  # to which no way leads without asking for it
    ],
)
def test_machine_knows_its_own_addresses(address: str, own: bool) -> None:
    assert is_own(ip_address(address)) is own


def test_public_address_of_this_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if 127.0.0.1 were public: no machine of the tests is sure to have an address that is.
    monkeypatch.setattr(module, "is_forbidden", lambda *_: False)

    with pytest.raises(RefusedError, match="is an address of this machine"):
        open_socket(ip_address("127.0.0.1"), [])
    open_socket(ip_address("127.0.0.1"), [ip_network("127.0.0.0/8")]).close()
