"""More requests at once than a process is given: nginx refuses them, and web sockets still pass."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from wsproto.events import AcceptConnection, TextMessage

from quartapp.config import Config
from tests.deploy.conftest import SERVE
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, ask, connect, open_socket
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready

AT_ONCE = 2
SLOW = b"GET /slow/60.0 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def bounded(nursery: Path, tmp_path: Path) -> Iterator[Address]:
    """The address of nginx in front of one process, which gets two requests at once."""
    path, port = tmp_path / "app.sock", free_port()
    write_nginx(tmp_path, port, [path], at_once=AT_ONCE)
    with (
        fork_quart(nursery, [*SERVE, f"unix:{path}"], {}) as program,
        start_nginx(tmp_path, port) as server,
    ):
        wait_until(lambda: is_ready(path), program)
        note_server(server)
        yield ("127.0.0.1", port)


def count_in_flight(path: Path) -> int:
    """Ask the process itself, past nginx, how many others it works for."""
    return int(json.loads(ask(path, "/").body)["in_flight"]) - 1


def test_what_is_too_much_is_refused_by_nginx_until_there_is_room(
    bounded: Address, tmp_path: Path
) -> None:
    with ExitStack() as busy:
        for _ in range(AT_ONCE):
            busy.enter_context(connect(bounded)).sendall(SLOW)
        while count_in_flight(tmp_path / "app.sock") < AT_ONCE:
            time.sleep(0.02)
        page, problem, health = (ask(bounded, path) for path in ("/", "/api/", "/readyz"))
        with open_socket(bounded, "/socket") as web_socket:
            greeting = web_socket.receive()

    assert (health.status, isinstance(greeting, TextMessage)) == (200, True)
    assert (page.status, page.headers["retry-after"]) == (503, "5")
    assert (problem.status, problem.headers["retry-after"]) == (503, "5")
    assert json.loads(problem.body)["detail"].endswith("Try again.")
    while ask(bounded, "/").status != 200:  # until nginx has noticed that they are gone
        time.sleep(0.02)


def test_web_sockets_take_no_room_from_requests(bounded: Address) -> None:
    with ExitStack() as opened:
        sockets = [opened.enter_context(open_socket(bounded, "/socket")) for _ in range(5)]
        assert {type(one.handshake) for one in sockets} == {AcceptConnection}
        assert ask(bounded, "/").status == 200


@pytest.mark.parametrize("folder", ["nginx.d", "compose"])
def test_nginx_refuses_before_a_process_has_to(folder: str) -> None:
    text = (ROOT / "deploy" / folder / "upstream.conf").read_text()
    bounds = re.findall(r"(?m)^server .* max_conns=(\d+);$", text)

    assert bounds
    assert {int(bound) for bound in bounds} == {600}
    assert Config.model_fields["MAX_IN_FLIGHT"].default > 600
