"""`quart deploy restart`, with processes that are sockets and commands that are `touch`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from socketserver import StreamRequestHandler

import pytest
from click.testing import CliRunner, Result

from quartapp.cli.deploy import restart
from tests.deploy.conftest import answering

Restart = Callable[..., Result]
TOUCH = "touch -d @0 {folder}/{{name}}.sock {folder}/{{name}}.done"


class Ready(StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class NotReady(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Open a socket: `serving("1")`, or `serving("1", NotReady)` of one that is not well."""
    with ExitStack() as stack:

        def serve(name: str, handler: type[StreamRequestHandler] = Ready) -> None:
            stack.enter_context(answering(tmp_path / f"{name}.sock", handler))

        yield serve


@pytest.fixture
def restarting(tmp_path: Path) -> Restart:
    def call(*arguments: str, command: str = TOUCH, timeout: str = "30") -> Result:
        ours = ["--sockets", str(tmp_path), "--timeout", timeout]
        command = command.format(folder=tmp_path)
        return CliRunner().invoke(restart, [*ours, "--command", command, *arguments])

    return call


def find_done(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.done"))


def test_all_are_restarted_one_after_the_other(
    serving: Callable[..., None], restarting: Restart, tmp_path: Path
) -> None:
    for name in ("2", "1", "3"):
        serving(name)

    result = restarting()

    lines = result.output.splitlines()
    assert [line.partition(" after ")[0] for line in lines] == [f"{n} is ready" for n in "123"]
    assert (result.exit_code, find_done(tmp_path)) == (0, ["1", "2", "3"])


def test_who_is_named_is_restarted_alone(
    serving: Callable[..., None], restarting: Restart, tmp_path: Path
) -> None:
    serving("1")
    serving("2")

    assert (restarting("2").exit_code, find_done(tmp_path)) == (0, ["2"])


def test_single_process_is_restarted_though_nobody_serves_meanwhile(
    serving: Callable[..., None], restarting: Restart, tmp_path: Path
) -> None:
    serving("1")

    assert (restarting().exit_code, find_done(tmp_path)) == (0, ["1"])


@pytest.mark.parametrize(
    ("command", "timeout", "message"),
    [
        ("false", "30", "Error: false ended with 1. The others are left as they are.\n"),
        ("true", "2", "Error: 1 is not ready after 2 s. The others are left as they are.\n"),
        (
            "sleep 99",
            "0.5",
            "Error: sleep 99 has not ended after 0.5 s. The others are left as they are.\n",
        ),
        (
            "no-such",
            "30",
            "No such file or directory: 'no-such'. The others are left as they are.\n",
        ),
        ("'", "30", "Error: --command cannot be read: No closing quotation\n"),
    ],
)
def test_first_that_fails_ends_it(
    serving: Callable[..., None],
    restarting: Restart,
    tmp_path: Path,
    command: str,
    timeout: str,
    message: str,
) -> None:
    serving("1")
    serving("2")

    result = restarting(command=command, timeout=timeout)

    assert result.output.endswith(message)
    assert (result.exit_code, find_done(tmp_path)) == (1, [])


def test_last_that_serves_is_left_alone(
    serving: Callable[..., None], restarting: Restart, tmp_path: Path
) -> None:
    serving("1")
    serving("2", NotReady)

    result = restarting()

    assert result.output == (
        "Error: No other process than 1 is ready, so it is left alone: find out why 2 is not,"
        " or restart it by name first.\n"
    )
    assert (result.exit_code, find_done(tmp_path)) == (1, [])


def test_name_or_folder_without_a_socket_is_told(
    serving: Callable[..., None], restarting: Restart, tmp_path: Path
) -> None:
    empty = restarting()
    serving("1")
    unknown = restarting("7")

    assert (empty.exit_code, unknown.exit_code) == (1, 1)
    assert empty.output == f"Error: {tmp_path} has no socket: is quartapp running? See --sockets.\n"
    assert unknown.output == f"Error: {tmp_path} has no 7.sock, but: 1\n"
