"""Web sockets with processes of their own, beside one of granian: as the includes say."""

import json
import re
from pathlib import Path

from wsproto.events import TextMessage

from tests.deploy.conftest import SERVE
from tests.nginx import ROOT, write_nginx
from tests.outside import ask, open_socket
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready


def read_comment(name: str, first: str, last: str) -> str:
    """Return the lines of an include that an operator brings in."""
    text = (ROOT / "deploy" / "nginx.d" / name).read_text()
    found = re.search(rf"^# {first}.*?{last}$", text, re.DOTALL | re.MULTILINE)
    assert found, name
    return re.sub("(?m)^# ?", "", found[0]) + "\n"


def test_web_sockets_may_have_processes_of_their_own(nursery: Path, tmp_path: Path) -> None:
    fast, slow, port = tmp_path / "1.sock", tmp_path / "sockets-1.sock", free_port()
    write_nginx(tmp_path, port, [fast])
    http, site = tmp_path / "nginx.d" / "http.conf", tmp_path / "nginx.d" / "site.conf"
    upstream = read_comment("http.conf", "upstream sockets", "# }")
    upstream = upstream.replace("/run/quartapp/sockets-1.sock", str(slow))
    http.write_text(http.read_text() + upstream)
    site.write_text(site.read_text() + read_comment("site.conf", "set ", ";"))
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
