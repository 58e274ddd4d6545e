"""What a connection leaves behind when its client closes it: nothing, long before the timeout."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outside import Connection, connect
from tests.processes import Program, wait_until

CLIENTS = 20
PATIENCE = 30.0  # s, of 75 for which hypercorn would keep them


@pytest.fixture
def server(quart: Callable[..., Program], tmp_path: Path) -> tuple[Program, Path]:
    path = tmp_path / "1.sock"
    program = quart("serve", "--bind", f"unix:{path}")
    wait_until(lambda: path.exists() and "Running on" in program.output(), program)
    return program, path


def count_connections(program: Program) -> int:
    return sum(is_socket(file) for file in Path(f"/proc/{program.pid}/fd").iterdir())


def is_socket(file: Path) -> bool:
    try:
        return str(file.readlink()).startswith("socket:")
    except FileNotFoundError:  # closed meanwhile
        return False


def wait_for_end(program: Program, before: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while (left := count_connections(program) - before) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_idle_connection_ends_when_its_client_closes_it(server: tuple[Program, Path]) -> None:
    program, path = server
    before = count_connections(program)

    for _ in range(CLIENTS):
        connection = Connection(path)
        assert connection.ask("/any").status == 200
        connection.close()
        connect(path).close()  # without a word

    assert wait_for_end(program, before) <= 0


def test_connection_is_kept_for_the_next_request(server: tuple[Program, Path]) -> None:
    connection = Connection(server[1])
    connection.ask("/any")
    sock = connection.sock

    assert connection.ask("/any").status == 200
    assert connection.sock is sock
    connection.close()
