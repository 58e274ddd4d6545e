"""Whom nginx counts as one client."""

import ipaddress
from collections.abc import Iterator

import pytest

from tests.nginx import write_nginx
from tests.outside import Address, ask
from tests.processes import free_port
from tests.servers import note_server, start_nginx

TELL = """
set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
add_header X-Client $client always;
"""


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of nginx, which says as which client it counts an address."""
    folder = tmp_path_factory.mktemp("clients")
    port = free_port()
    write_nginx(folder, port, [folder / "nobody.sock"])
    with (folder / "nginx.d" / "http.conf").open("a") as file:
        file.write(TELL)
    with start_nginx(folder, port) as server:
        note_server(server)
        yield ("127.0.0.1", port)


def name_client(telling: Address, address: str) -> str:
    return ask(telling, "/.env", headers={"X-Forwarded-For": address}).headers["x-client"]


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_address_of_ipv4_is_a_client(telling: Address, address: str) -> None:
    assert name_client(telling, address) == address


@pytest.mark.parametrize(
    ("network", "client"),
    [
        ("2001:db8:1:2", "2001:db8:1:2:"),
        ("2001:db8:1:0", "2001:db8:1:0: 2001:db8:1::"),
        ("2001:db8:0:0", "2001:db8:0:0: 2001:db8::"),
        ("2001:0:0:0", "2001::"),
        ("2001:0:0:4", "2001:0:0:4: 2001::4:"),
        ("2001:0:3:4", "2001:0:3:4:"),
        ("0:0:0:4", "0:0:0:4: ::4:"),
        ("0:0:3:4", "0:0:3:4: ::3:4:"),
    ],
)
def test_network_of_ipv6_is_a_client_however_it_is_written(
    telling: Address, network: str, client: str
) -> None:
    """Of those that have two spellings, never more than these two, whatever follows."""
    hosts = [f"{bits:04b}".replace("1", "a:").replace("0", "0:")[:-1] for bits in range(16)]
    addresses = [f"{network}:{host}" for host in [*hosts, "a:b:c:d", "1:2:3:4"]]

    assert {name_client(telling, one) for one in addresses} == {*client.split()}


def test_neighbours_are_clients_of_their_own(telling: Address) -> None:
    networks = ["::", "0:0:0:4::", "0:0:3:4::", "2001::", "2001:0:0:4::", "2001:db8::"]
    found = [name_client(telling, f"{ipaddress.ip_address(one) + 1}") for one in networks]

    assert len({*found}) == len(networks)
