"""Plain blocking clients for servers that run as processes."""

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Event, Ping, Request

Address = tuple[str, int] | Path  # a host and its port, or a unix socket


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: str


def connect(address: Address, timeout: float = 10) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout)
    try:
        sock.connect(str(address))
    except OSError:
        sock.close()
        raise
    return sock


def name_host(address: Address) -> str:
    return "{}:{}".format(*address) if isinstance(address, tuple) else "localhost"


class Connection(http.client.HTTPConnection):
    """A connection that is kept as long as the server keeps it."""

    def __init__(self, address: Address, timeout: float = 10) -> None:
        super().__init__(name_host(address))
        self.address = address
        self.patience = timeout

    def connect(self) -> None:
        self.sock = connect(self.address, self.patience)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        self.request(method, path, body, headers or {})
        response = self.getresponse()
        text = response.read().decode(errors="replace")
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, text)


def ask(
    address: Address, path: str, headers: Mapping[str, str] | None = None, timeout: float = 10
) -> Reply:
    """One GET on a connection of its own."""
    connection = Connection(address, timeout)
    try:
        return connection.ask(path, headers=headers)
    finally:
        connection.close()


def send_raw(address: Address, data: bytes, timeout: float = 10) -> bytes:
    """Send the bytes as they are; return what comes until the other side closes or is silent."""
    received = b""
    with connect(address, timeout) as sock:
        sock.sendall(data)
        with suppress(TimeoutError, ConnectionResetError):
            while part := sock.recv(65_536):
                received += part
    return received


class WebSocket:
    """The client's end of a web socket; what the handshake brought is in `handshake`."""

    def __init__(
        self, sock: socket.socket, host: str, path: str, headers: Mapping[str, str]
    ) -> None:
        self.sock = sock
        self.protocol = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.send(Request(host=host, target=path, extra_headers=extra))
        self.handshake = self.receive()

    def send(self, event: Event) -> None:
        self.sock.sendall(self.protocol.send(event))

    def receive(self) -> Event:
        """What happens next, but for pings; an end without a word is a close with 1006."""
        while isinstance(event := next(self.protocol.events(), None), Ping | None):
            if event is None:
                self.protocol.receive_data(self.sock.recv(65_536) or None)
            else:
                self.send(event.response())
        return event

    def answer_close(self, event: CloseConnection) -> None:
        self.send(event.response())


@contextmanager
def open_socket(
    address: Address, path: str, headers: Mapping[str, str] | None = None
) -> Iterator[WebSocket]:
    with connect(address) as sock:
        yield WebSocket(sock, name_host(address), path, headers or {})
