"""Ways for a server to be away."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import find_user, is_running, running
from tests.servers import Server


def find_processes(pid: int) -> list[int]:
    """Return *pid* and all below it."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(found for child in children for found in find_processes(child))]


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Stop *server*, as a machine without memory or disk does: its connections stay open."""
    pids = find_processes(server.pid)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def kill_postgres(server: Server) -> list[str]:
    """Kill every process of *server*, and return the command that starts it again."""
    command = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode().split("\0")[:-1]
    pids = find_processes(server.pid)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while any(map(is_running, pids)):
        pass
    return command


@contextmanager
def start_again(server: Server, command: list[str]) -> Iterator[None]:
    """Let PostgreSQL recover what was left, and serve until the block ends."""
    ready = [Path(command[0]).with_name("pg_isready"), "-q", "-h", "127.0.0.1", "-p", server.port]

    def answers() -> bool:
        return subprocess.run([str(part) for part in ready], check=False).returncode == 0

    with running(
        server.folder, command, answers, name="postgres", user=find_user(), stop_signal="SIGQUIT"
    ):
        yield
