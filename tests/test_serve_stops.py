"""A process with hundreds of web sockets and a slow request stops in time.

`pytest tests/test_serve_stops.py --stops 20 -s` does it 20 times and tells the figures.
"""

import signal
import time
from contextlib import ExitStack

import pytest
from wsproto.events import AcceptConnection

from quartapp.serve import SERVERS
from tests.outside import Address, connect, open_socket
from tests.processes import Program, free_port, wait_until
from tests.test_serve import CONFIG, Serve, is_ready, wait_to_hear

SOCKETS, FEW = 500, 150  # the latter in the suite, beside much else
LAME_DUCK, GRACE = 0.1, 2.0  # s
OVERTIME = "2"  # s later a process is ended by force; in the suite, where much is beside it, more
SLOW = b"GET /slow/60.0 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.timeout(1800)  # for 20 stops; each has a limit of its own
@pytest.mark.parametrize("server", SERVERS)
def test_a_process_with_many_sockets_stops_in_time(
    quart: Serve, server: str, request: pytest.FixtureRequest
) -> None:
    stops: int = request.config.getoption("--stops")
    sockets = SOCKETS if stops > 1 else FEW
    settings = {"SHUTDOWN_LAME_DUCK": str(LAME_DUCK), "SHUTDOWN_GRACE": str(GRACE)}
    if stops > 1:
        settings["OVERTIME"] = OVERTIME
    seconds = []
    for _ in range(stops):
        address = ("127.0.0.1", free_port())
        bind = "{}:{}".format(*address)
        options = ["serve", "--server", server, "--config", str(CONFIG), "--bind", bind]
        program = quart(*options, **settings)
        wait_until(lambda at=address: is_ready(at), program)
        seconds.append(stop(program, address, sockets))

    print(f"\n{stops} stops: {min(seconds):.2f} to {max(seconds):.2f} s")  # noqa: T201


def stop(program: Program, address: Address, sockets: int) -> float:
    """Return how long it took, while clients neither answer the close nor hang up."""
    with ExitStack() as opened:
        for _ in range(sockets):
            web_socket = opened.enter_context(open_socket(address, "/socket"))
            assert isinstance(web_socket.handshake, AcceptConnection)
        opened.enter_context(connect(address)).sendall(SLOW)
        wait_to_hear(program, "slow begins")
        started = time.monotonic()
        program.send(signal.SIGTERM)
        assert program.wait() == 0, program.output()  # 1 when it was ended by force
        seconds = time.monotonic() - started
    assert program.output().count("Traceback") <= 1  # of the request that was cut, not of sockets
    return seconds
