"""nginx as it is shipped, in front of a real process or of one that tells what it was told."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer
from threading import Thread

import pytest

from tests.nginx import ROOT, write_nginx
from tests.outside import Address, send_raw
from tests.processes import free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready

DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
HASH = "0123456789ab"
SERVE = ["--app", "tests.serve_app", "serve", "--bind"]


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as of static files, with one thing in it that must not be served."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "app.css").write_text("body { color: black; }\n" * 200)
    (folder / "deep").mkdir()
    (folder / "deep" / "icon.svg").write_text("<svg/>")
    (folder / "secret.py").write_text("SECRET")
    (folder / ".hidden").write_text("SECRET")
    outside = tmp_path_factory.mktemp("outside") / "outside.css"
    outside.write_text("SECRET")
    (folder / "link.css").symlink_to(outside)
    return folder


@pytest.fixture(scope="module")
def site(
    nursery: Path, static: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Address]:
    """The address of nginx in front of one process."""
    folder = tmp_path_factory.mktemp("nginx")
    path, port = folder / "app.sock", free_port()
    write_nginx(folder, port, [path], static=static)
    with (
        fork_quart(nursery, [*SERVE, f"unix:{path}"], {}) as program,
        start_nginx(folder, port) as server,
    ):
        wait_until(lambda: is_ready(path), program)
        note_server(server)
        yield ("127.0.0.1", port)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of nginx in front of somebody who answers with the request as it arrived."""
    folder = tmp_path_factory.mktemp("mirror")
    path, port = folder / "mirror.sock", free_port()
    write_nginx(folder, port, [path])
    with answering(path, Mirror), start_nginx(folder, port) as server:
        note_server(server)
        yield ("127.0.0.1", port)


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The same behind a load balancer on this machine, as the comments of `http.conf` say."""
    folder = tmp_path_factory.mktemp("balanced")
    path, port = folder / "mirror.sock", free_port()
    write_nginx(folder, port, [path])
    shipped = (ROOT / "deploy" / "nginx.d" / "http.conf").read_text()
    lines = re.findall(r"(?m)^# ((?:set_)?real_ip.*;)$", shipped)
    with (folder / "nginx.d" / "http.conf").open("a") as file:
        file.write("\n".join(lines).replace("192.0.2.0/24", "127.0.0.1"))
    with answering(path, Mirror), start_nginx(folder, port):
        yield ("127.0.0.1", port)


@contextmanager
def answering(path: Path, handler: type[StreamRequestHandler]) -> Iterator[None]:
    """Serve on a unix socket, in a thread."""
    with UnixStreamServer(str(path), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Mirror(StreamRequestHandler):
    """Answers with the head of the request."""

    def handle(self) -> None:
        head = self.read_head()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")  # or nginx would keep it
        self.wfile.write(b"Content-Length: %d\r\n\r\n" % len(head) + head)

    def read_head(self) -> bytes:
        head = b""
        while line := self.rfile.readline().rstrip(b"\r\n"):
            head += line + b"\n"
        return head


class Dropper(Mirror):
    """Reads the request and hangs up, like a process that is killed."""

    def handle(self) -> None:
        self.read_head()


def see(address: Address, headers: Mapping[str, str], target: str = "/") -> dict[str, str]:
    """The headers that arrive of a request with these, their names in lower case."""
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in ({"Host": "x"} | dict(headers)).items()
    )
    answer = send_raw(
        address, f"GET {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()
    )
    head = answer.decode().partition("\r\n\r\n")[2]
    pairs = [line.split(": ", 1) for line in head.splitlines()[1:]]
    assert len(dict(pairs)) == len(pairs), "a header came twice"
    return {name.lower(): value for name, value in pairs}
