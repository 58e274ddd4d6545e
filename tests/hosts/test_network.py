"""The machines that the other tests here use: they reach each other, and leave nothing."""

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hosts.network import Host, Network, open_network
from tests.hosts.waiting import wait_for

PORT = 8000


def listen(host: Host) -> socket.socket:
    return host.do(socket.create_server, (host.address, PORT))


def comes_to_reach(client: Host, host: Host) -> bool:
    wait_for(lambda: reaches(client, host), "the link is back")  # both ask anew who is there
    return True


def reaches(client: Host, host: Host) -> bool:
    try:
        client.do(socket.create_connection, (host.address, PORT), 1.0).close()
    except OSError:
        return False
    return True


def list_interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def read_namespace() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


def list_namespaces() -> set[str]:
    """Return those that a thread of this machine is in."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for thread in list_threads(process):
            with suppress(OSError):  # it has ended meanwhile
                found.add(str((thread / "ns" / "net").readlink()))
    return found


def list_threads(process: Path) -> list[Path]:
    try:
        return list((process / "task").iterdir())
    except OSError:  # as above
        return []


def test_host_that_is_cut_off_is_reached_by_nobody_until_it_is_joined(network: Network) -> None:
    one, two, three = (network.add(name) for name in ("one", "two", "three"))
    with listen(one), listen(two):
        before = comes_to_reach(two, one), comes_to_reach(one, two)
        network.cut_off("one")
        apart = reaches(two, one), reaches(one, two), reaches(three, two)
        network.join("one")
        after = comes_to_reach(two, one), comes_to_reach(one, two)

    assert (before, apart, after) == ((True, True), (False, False, True), (True, True))


def test_program_is_on_the_network_of_the_host_that_starts_it(network: Network) -> None:
    one = network.add("one")
    question = f"import socket; socket.create_server(({one.address!r}, {PORT}))"

    assert one.do(subprocess.call, [sys.executable, "-c", question]) == 0


@pytest.mark.usefixtures("_namespaces")
def test_hosts_change_nothing_on_this_machine_and_are_gone_at_the_end() -> None:
    before = list_interfaces()
    with open_network() as network:
        namespace = network.add("one").do(read_namespace)
        meanwhile = namespace in list_namespaces(), list_interfaces()

    assert meanwhile == (True, before)
    wait_for(lambda: namespace not in list_namespaces(), "the end of the network")
