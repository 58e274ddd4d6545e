"""Machines on a network of their own: each is a network namespace with one address.

A namespace is had by a thread and by what that thread starts. When they have ended, also because
somebody killed them, it is gone with all that is in it; none has a name that others could see.
"""

import ctypes
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import ParamSpec, TypeVar

from tests.processes import ServerError, run

P = ParamSpec("P")
T = TypeVar("T")

NETWORK = "10.77.0.0/24"  # within the namespaces alone
BRIDGE = "bridge"
CLONE_NEWNET = 0x4000_0000


class Namespace:
    """A thread with a network of its own, which what it starts shares."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.do(leave_network)
        self.number = self.do(threading.get_native_id)

    def do(self, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Let *work* be done there, and wait for it."""
        return self.thread.submit(work, *args, **options).result()

    def ip(self, command: str) -> None:
        self.do(run_ip, command)

    def close(self) -> None:
        self.thread.shutdown()


def leave_network() -> None:
    """Give this thread a network in which there is nothing but a loopback."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    run_ip("link set lo up")


def run_ip(command: str) -> None:
    run(["ip", *command.split()])


class Host(Namespace):
    """A machine: what its thread starts reaches the others, and is reached at the address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


class Network:
    """A switch, and the machines that are plugged in."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.hosts: dict[str, Host] = {}
        self.switch = Namespace()
        stack.callback(self.switch.close)
        self.switch.ip(f"link add {BRIDGE} type bridge")
        self.switch.ip(f"link set {BRIDGE} up")

    def add(self, name: str) -> Host:
        host = Host(NETWORK.replace("0/24", str(1 + len(self.hosts))))
        self.stack.callback(host.close)
        self.hosts[name] = host
        plugs = f"link add {name} type veth peer name eth0 netns {host.number}"
        self.switch.ip(plugs)
        self.switch.ip(f"link set {name} master {BRIDGE} up")
        host.ip(f"address add {host.address}/24 dev eth0")
        host.ip("link set eth0 up")
        return host

    def cut_off(self, *names: str) -> None:
        """Pull the plugs: what is sent is lost, and nobody is told."""
        for name in names:
            self.switch.ip(f"link set {name} down")

    def join(self, *names: str) -> None:
        for name in names:
            self.switch.ip(f"link set {name} up")


@contextmanager
def open_network() -> Iterator[Network]:
    with ExitStack() as stack:
        yield Network(stack)


def find_lack() -> str:
    """Say what this machine lacks for such networks; nothing, when it lacks nothing."""
    if os.geteuid():
        return "only root may make network namespaces"
    if not shutil.which("ip"):
        return "ip is not installed (Debian: iproute2)"
    try:
        with open_network() as network:
            network.add("host")
    except (OSError, ServerError) as error:
        return f"this machine allows no network namespaces: {error}"
    return ""
