"""Programs for the tests: each in a folder of its own, gone without a trace when the tests end."""

import functools
import os
import pwd
import random
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

PATIENCE = 60.0  # seconds until a server must answer
ROOT = Path(__file__).parent.parent
GUARD = Path(__file__).with_name("guard.py")
# For programs of ours that work in another folder.
IMPORTS = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.getenv("PYTHONPATH")]))}
# Below the ports that the kernel lends to outgoing connections, so nobody takes one by chance.
PORTS = range(10_000, 32_000)
KEPT = 500  # ports that are kept; who got one before so many others has used it

Command = Sequence[str | Path]

_keepers: deque[socket.socket] = deque()


class ServerError(Exception):
    """A server could not be started; the message says why, in the server's own words."""


@dataclass(frozen=True)
class Server:
    """A running server: where it answers and which process it is."""

    name: str
    version: str
    url: str
    port: int
    pid: int
    folder: Path


@dataclass(frozen=True)
class Program:
    """A program that was started, and the folder that it works in."""

    name: str
    pid: int
    folder: Path

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def output(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for its end and return its exit code; minus the signal that killed it."""
        deadline = time.monotonic() + seconds
        while not (code := self.exit_code()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} still runs after {seconds} s:\n{self.output()}")
            time.sleep(0.01)
        return int(code)

    def exit_code(self) -> str:
        """What the guard noted; empty while the program runs."""
        noted = self.folder / "exit"
        return noted.read_text() if noted.exists() else ""


def free_port() -> int:
    """A loopback port that nobody listens on, kept from all others until a server takes it.

    A bound socket keeps it, also from who looks for one in another process; once it may be bound
    again (Linux: while nobody listens), the server that it is for can have it.
    """
    while True:
        port = random.SystemRandom().choice(PORTS)
        keeper = socket.socket()
        try:
            keeper.bind(("127.0.0.1", port))
        except OSError:
            keeper.close()
            continue
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _keepers.append(keeper)
        if len(_keepers) > KEPT:
            _keepers.popleft().close()
        return port


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def find_user() -> str:
    """The user for servers that refuse to run as root: "" when we are not root ourselves."""
    return "nobody" if os.geteuid() == 0 else ""


@contextmanager
def make_folder(user: str = "") -> Iterator[Path]:
    """An empty folder that *user* may enter."""
    folder = Path(tempfile.mkdtemp(prefix="quartapp-"))
    if user and not all(above.stat().st_mode & 0o001 for above in folder.parents):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="quartapp-", dir="/tmp"))
    give_to(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_to(path: Path, user: str) -> None:
    if user:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def run(command: Command, user: str = "") -> str:
    """Run a short program and return what it printed."""
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=user or None,
    )
    output: str = done.stdout.decode(errors="replace")
    if done.returncode:
        raise ServerError(f"{Path(command[0]).name} ended with {done.returncode}:\n{_end(output)}")
    return output


def chain(prepare: Command, then: Command, stdin: Path | None = None) -> Command:
    """One command that runs *prepare* and, when that went well, becomes *then*."""
    given = f" <{shlex.quote(str(stdin))}" if stdin else ""
    first, second = (shlex.join(map(str, command)) for command in (prepare, then))
    return ["/bin/sh", "-c", f"{first}{given} && exec {second}"]


def _end(text: str, lines: int = 15) -> str:
    return "\n".join(text.splitlines()[-lines:])


@contextmanager
def running(
    folder: Path,
    command: Command,
    answers: Callable[[], bool],
    *,
    name: str = "",
    user: str = "",
    stop_signal: str = "SIGTERM",
    env: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Run a server under `guard.py` until the block ends; yield it once it answers.

    The guard ends the server and clears the folder as soon as its input ends, which also happens
    when this process is killed.
    """
    with (folder / "server.log").open("wb") as output:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", GUARD, folder, user, stop_signal, *command],
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for pytest: it will end us in order
        )
    try:
        pid = int(guard.stdout.readline() or 0) if guard.stdout else 0
        program = Program(name or Path(command[0]).name, pid, folder)
        wait_until(answers, program)
        yield program
    finally:
        guard.communicate()


def wait_until(answers: Callable[[], bool], program: Program) -> None:
    deadline = time.monotonic() + PATIENCE
    # Somebody else may answer at a port that was taken under our feet: ours must run as well.
    while not (answers() and is_running(program.pid)):
        if not (program.pid and is_running(program.pid)) or time.monotonic() > deadline:
            log = _end(program.output())
            raise ServerError(f"{program.name} does not answer. The end of its log:\n{log}")
        time.sleep(0.02)


def says(port: int, question: bytes, answer: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
            sock.sendall(question)
            return answer in sock.recv(200)
    except OSError:
        return False


def read_terminal(screen: int) -> str:
    """Read what was shown at a terminal that nobody has open any more; it may come in parts."""
    shown = b""
    with suppress(OSError):  # Linux's way to say that this was all
        while part := os.read(screen, 10_000):
            shown += part
    return shown.decode()


def find_version(text: str) -> str:
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
    return found[0] if found else "?"


@functools.cache
def find_in_wheel(package: str, end: str) -> Path:
    """The file of an installed *package* whose path ends with *end*."""
    for file in distribution(package).files or []:
        if file.as_posix().endswith(end):
            return Path(str(file.locate()))
    raise ServerError(f"{package} is installed without {end}: install it again.")
