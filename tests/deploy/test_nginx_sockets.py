"""Web sockets with processes of their own, beside one of granian: as an include says."""

import json
from pathlib import Path

from wsproto.events import TextMessage

from tests.deploy.conftest import SERVE
from tests.nginx import write_nginx
from tests.outside import ask, open_socket
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready


def test_web_sockets_may_have_processes_of_their_own(nursery: Path, tmp_path: Path) -> None:
    fast, slow, port = tmp_path / "1.sock", tmp_path / "sockets-1.sock", free_port()
    write_nginx(tmp_path, port, [fast])
    of_its_own = f"server unix:{slow} max_fails=0;\n"
    (tmp_path / "nginx.d" / "sockets.conf").write_text(of_its_own)
    granian = [*SERVE, f"unix:{fast}", "--server", "granian"]
    with (
        fork_quart(nursery, granian, {}) as of_requests,
        fork_quart(nursery, [*SERVE, f"unix:{slow}"], {}) as of_sockets,
        start_nginx(tmp_path, port) as server,
    ):
        wait_until(lambda: is_ready(fast), of_requests)
        wait_until(lambda: is_ready(slow), of_sockets)
        note_server(server)
        told = json.loads(ask(("127.0.0.1", port), "/").body)
        with open_socket(("127.0.0.1", port), "/socket/pid") as web_socket:
            greeting = web_socket.receive()

    assert isinstance(greeting, TextMessage)
    assert (told["pid"], greeting.data) == (of_requests.pid, str(of_sockets.pid))
