"""`quart serve` as a process: how it starts, how it stops, and what its clients see of that."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from wsproto.events import CloseConnection, TextMessage

from quartapp.serve import SERVERS
from tests.outside import Address, Connection, Reply, ask, connect, open_socket
from tests.processes import (
    Program,
    ServerError,
    free_port,
    wait_until,
)

CONFIG = Path(__file__).parent.parent / "hypercorn.toml"

SOON = 15  # seconds, on a busy machine too; what does not end in order takes longer

Serve = Callable[..., Program]
Answers = Callable[[], bool]


@pytest.fixture(params=SERVERS)
def serve(quart: Callable[..., Program], request: pytest.FixtureRequest) -> Serve:
    """Run `quart serve` on an address until it answers: `serve(bind, SHUTDOWN_GRACE="5")`."""
    command = ["serve", "--server", request.param, "--config", str(CONFIG), "--bind"]

    def start(bind: str, *options: str, answers: Answers | None = None, **env: str) -> Program:
        program = quart(*command, bind, *options, **env)
        wait_until(answers or (lambda: is_ready(to_address(bind))), program)
        return program

    return start


@pytest.fixture
def bind() -> str:
    return f"127.0.0.1:{free_port()}"


def to_address(bind: str) -> Address:
    host, _, port = bind.partition(":")
    return Path(port) if host == "unix" else (host, int(port))


def is_ready(address: Address) -> bool:
    try:
        return ask(address, "/readyz").status == 200
    except OSError:
        return False


def wait_to_hear(program: Program, words: str) -> None:
    wait_until(lambda: words in program.output(), program)


def begin_to_stop(program: Program) -> None:
    program.send(signal.SIGTERM)
    wait_to_hear(program, "Stopping in ")


def ask_aside(program: Program, address: Address) -> Callable[[], Reply]:
    """Ask for what takes a second, in a thread; calling what is returned gives the answer."""
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(ask(address, "/slow/1.0")))
    thread.start()

    def wait() -> Reply:
        thread.join()
        assert replies, "no reply"
        return replies[0]

    wait_to_hear(program, "slow begins")
    return wait


@pytest.fixture(params=["uvloop", "asyncio"])
def loop_options(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Both event loops: they close servers in different ways."""
    path = tmp_path / "hypercorn.toml"
    path.write_text(CONFIG.read_text().replace('"uvloop"', f'"{request.param}"'))
    return ["--config", str(path)]


# --- the clean stop ------------------------------------------------------------------------------


def test_a_stop_finishes_what_is_in_flight(
    serve: Serve, bind: str, loop_options: list[str]
) -> None:
    program = serve(bind, *loop_options, SHUTDOWN_LAME_DUCK="0.1", SHUTDOWN_GRACE="5")
    reply = ask_aside(program, to_address(bind))

    program.send(signal.SIGTERM)

    assert (reply().status, program.wait()) == (200, 0)
    assert "goodbye" in program.output()  # after_serving ran


def test_a_stop_tells_open_sockets_to_come_back(
    serve: Serve, bind: str, loop_options: list[str]
) -> None:
    program = serve(bind, *loop_options, SHUTDOWN_LAME_DUCK="0.1", SHUTDOWN_GRACE="5")
    with open_socket(to_address(bind), "/socket") as web_socket:
        assert isinstance(web_socket.receive(), TextMessage)
        program.send(signal.SIGTERM)
        closed = web_socket.receive()
        assert isinstance(closed, CloseConnection)
        web_socket.answer_close(closed)
        code = program.wait(SOON)

    assert (closed.code, code) == (1012, 0)


def test_a_client_that_never_closes_its_socket_cannot_hold_a_stop(
    serve: Serve, bind: str, loop_options: list[str]
) -> None:
    program = serve(bind, *loop_options, SHUTDOWN_LAME_DUCK="0.1", SHUTDOWN_GRACE="1")
    with open_socket(to_address(bind), "/socket") as web_socket:
        assert isinstance(web_socket.receive(), TextMessage)
        program.send(signal.SIGTERM)

        assert program.wait(SOON) == 0


def test_a_request_longer_than_the_grace_is_cut(serve: Serve, bind: str) -> None:
    program = serve(bind, SHUTDOWN_LAME_DUCK="0", SHUTDOWN_GRACE="0.5")
    connection = Connection(to_address(bind))
    connection.request("GET", "/slow/30.0")
    wait_to_hear(program, "slow begins")
    started = time.monotonic()

    program.send(signal.SIGTERM)

    assert program.wait(SOON) == 0
    assert time.monotonic() - started > 0.4
    assert connection.getresponse().status == 500
    connection.close()


def test_a_loop_that_hangs_cannot_hold_a_stop(serve: Serve, bind: str) -> None:
    program = serve(bind, SHUTDOWN_LAME_DUCK="0", SHUTDOWN_GRACE="0.2", OVERTIME="2")
    connection = Connection(to_address(bind))
    connection.request("GET", "/hang/30.0")
    wait_to_hear(program, "hang begins")
    started = time.monotonic()

    program.send(signal.SIGTERM)

    assert program.wait(SOON) == 1
    assert time.monotonic() - started > 2
    assert "Still here 2.2 s after the signal to stop: ended by force." in program.output()
    assert "in hang" in program.output()  # says where
    connection.close()


# --- while it stops ------------------------------------------------------------------------------


def test_while_it_stops_it_serves_on_and_is_not_ready(serve: Serve, bind: str) -> None:
    program = serve(bind, SHUTDOWN_LAME_DUCK="60")
    begin_to_stop(program)

    ready, page = ask(to_address(bind), "/readyz"), ask(to_address(bind), "/page")
    program.send(signal.SIGTERM)

    assert (ready.status, page.status) == (503, 200)
    assert program.wait() == 0


def test_a_kept_connection_is_told_to_close(serve: Serve, bind: str) -> None:
    program = serve(bind, SHUTDOWN_LAME_DUCK="60")
    connection = Connection(to_address(bind))
    before = connection.ask("/")
    begin_to_stop(program)
    kept = connection.sock
    after = connection.ask("/")
    program.send(signal.SIGTERM)

    assert kept is not None
    assert before.headers.get("connection") is None
    assert (after.status, after.headers["connection"]) == (200, "close")
    program.wait()


def test_a_second_signal_cuts_the_lame_duck_short(serve: Serve, bind: str) -> None:
    program = serve(bind, SHUTDOWN_LAME_DUCK="60")
    reply = ask_aside(program, to_address(bind))
    begin_to_stop(program)
    program.send(signal.SIGINT)

    assert (reply().status, program.wait(SOON)) == (200, 0)


def test_a_signal_during_the_start_loses_no_request(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    program = serve(f"unix:{path}", answers=path.exists, SLOW_START="0.5", SHUTDOWN_LAME_DUCK="0.5")
    program.send(signal.SIGTERM)
    taken, lost = 0, 0
    while not program.exit_code():
        with suppress(FileNotFoundError, ConnectionRefusedError):  # nothing was sent yet
            connect(path).close()
            try:
                taken += ask(path, "/").status == 200
            except (HTTPException, ConnectionResetError, BrokenPipeError):
                lost += 1

    assert (program.wait(), lost) == (0, 0)


# --- addresses -----------------------------------------------------------------------------------


def test_a_taken_port_is_told_in_one_line(serve: Serve, bind: str) -> None:
    listener = socket.create_server(("127.0.0.1", int(bind.partition(":")[2])))
    with listener, pytest.raises(ServerError) as caught:
        serve(bind, answers=lambda: False)

    assert str(caught.value).splitlines()[1:] == [
        f"Error: Cannot listen on {bind} (Address already in use): "
        "stop what listens there, or choose another address with --bind."
    ]


def test_a_port_that_is_none_is_told_in_one_line(serve: Serve) -> None:
    with pytest.raises(ServerError) as caught:
        serve("127.0.0.1:99999", answers=lambda: False)

    assert str(caught.value).splitlines()[1:] == [
        "Error: Cannot listen on 127.0.0.1:99999 (bind(): port must be 0-65535.): "
        "stop what listens there, or choose another address with --bind."
    ]


def test_a_unix_socket_is_gone_as_soon_as_the_stop_begins(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    program = serve(f"unix:{path}", SHUTDOWN_LAME_DUCK="60")
    kept = Connection(path)
    mode = path.stat().st_mode & 0o777
    before = kept.ask("/")
    begin_to_stop(program)

    assert (mode, path.exists()) == (0o770, False)
    assert (before.status, kept.ask("/").status) == (200, 200)
    program.send(signal.SIGTERM)
    assert program.wait() == 0


def test_a_successor_takes_the_unix_socket_over(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    old = serve(f"unix:{path}", SHUTDOWN_LAME_DUCK="0.1")
    before = find_number(path)
    new = serve(f"unix:{path}", answers=lambda: find_number(path) != before and is_ready(path))
    old.send(signal.SIGTERM)

    assert old.wait() == 0
    assert f'"pid":{new.pid}' in ask(path, "/").body.replace(" ", "")


def find_number(path: Path) -> int:
    """Return the number by which a file system knows a socket; 0 while there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def test_a_failed_start_is_told_last(serve: Serve, bind: str) -> None:
    with pytest.raises(ServerError) as caught:
        serve(bind, FAIL="1")

    assert last_line(caught.value).startswith("Error: The application does not start: ")
    assert "no database" in last_line(caught.value)


def last_line(error: Exception) -> str:
    return str(error).splitlines()[-1]


def test_several_workers_are_refused(serve: Serve, bind: str, tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text("workers = 2")

    with pytest.raises(ServerError, match=r"Error: .*two\.toml says workers = 2, but") as caught:
        serve(bind, "--config", str(path))

    assert len(str(caught.value).splitlines()) == 2
