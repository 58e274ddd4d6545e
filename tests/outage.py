"""Ways for a server to be away, and to come back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from tests.processes import (
    PATIENCE,
    Program,
    Server,
    find_user,
    free_port,
    is_running,
    make_folder,
    running,
    says,
)


def find_processes(pid: int) -> list[int]:
    """Return *pid* and all below it."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(found for child in children for found in find_processes(child))]


def freeze(pid: int) -> list[int]:
    """Stop *pid*, which can start no more, then all that it has started; return who they are."""
    os.kill(pid, signal.SIGSTOP)
    pids = find_processes(pid)
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    return pids


def thaw(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def frozen(server: Server | Program) -> Iterator[None]:
    """Stop *server*, as a machine without memory or disk does: its connections stay open."""
    pids = freeze(server.pid)
    try:
        yield
    finally:
        thaw(pids)


@dataclass
class Mortal:
    """A server that can be killed, stopped and frozen, and comes back as who it was."""

    server: Server
    answers: Callable[[], bool]
    user: str
    stop_signal: str
    command: list[str]
    pid: int
    pids: list[int] = field(default_factory=list)  # of what is frozen
    life: ExitStack = field(default_factory=ExitStack)  # the present one, unless it is the first

    def kill(self) -> None:
        """Kill every process, all at once."""
        pids = freeze(self.pid)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_for_end(pids)

    def stop(self) -> None:
        pids = find_processes(self.pid)
        os.kill(self.pid, signal.Signals[self.stop_signal])
        wait_for_end(pids)

    def freeze(self) -> None:
        self.pids = freeze(self.pid)

    def bring_back(self) -> None:
        """Thaw it, or start it anew and wait until it answers."""
        if self.pids:
            self.thaw()
            return
        self.life.close()
        folder = self.life.enter_context(make_folder(self.user))
        program = running(
            folder, self.command, self.answers, user=self.user, stop_signal=self.stop_signal
        )
        self.pid = self.life.enter_context(program).pid

    def thaw(self) -> None:
        thaw(self.pids)
        self.pids = []


def wait_for_end(pids: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, f"{pids} do not end"
        time.sleep(0.002)


@contextmanager
def mortal_postgres(server: Server) -> Iterator[Mortal]:
    command = read_command(server)
    ready = [Path(command[0]).with_name("pg_isready"), "-q", "-h", "127.0.0.1", "-p", server.port]

    def answers() -> bool:
        return subprocess.run([str(part) for part in ready], check=False).returncode == 0

    with living(server, answers, find_user(), "SIGINT") as mortal:  # PostgreSQL's fast stop
        yield mortal


@contextmanager
def mortal_valkey(server: Server) -> Iterator[Mortal]:
    with living(server, lambda: says(server.port, b"PING\r\n", b"+PONG"), "", "SIGTERM") as mortal:
        yield mortal


@contextmanager
def living(
    server: Server, answers: Callable[[], bool], user: str, stop_signal: str
) -> Iterator[Mortal]:
    command = read_command(server)
    mortal = Mortal(server, answers, user, stop_signal, command, server.pid)
    try:
        yield mortal
    finally:
        mortal.thaw()
        mortal.life.close()


def read_command(server: Server) -> list[str]:
    return Path(f"/proc/{server.pid}/cmdline").read_bytes().decode().split("\0")[:-1]


# --- ways for Redis to be there and be of no use


def tell(*command: str | int) -> Callable[[Mortal], None]:
    def work(valkey: Mortal) -> None:
        with Redis.from_url(valkey.server.url) as client:
            client.execute_command(*command)

    return work


Way = Callable[[Mortal], None]
REDIS_WAYS: dict[str, tuple[Way, Way]] = {
    "killed": (Mortal.kill, Mortal.bring_back),
    "stopped": (Mortal.stop, Mortal.bring_back),
    "frozen": (Mortal.freeze, Mortal.bring_back),
    "full": (tell("CONFIG", "SET", "maxmemory", 1), tell("CONFIG", "SET", "maxmemory", 0)),
    "read-only": (tell("REPLICAOF", "127.0.0.1", free_port()), tell("REPLICAOF", "NO", "ONE")),
}
