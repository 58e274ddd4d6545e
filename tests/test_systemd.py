"""A unit of `Type=notify` hears when the process serves, and when it stops."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quartapp.serve import SERVERS
from quartapp.systemd import READY, tell_systemd
from tests.processes import Program, wait_until
from tests.test_serve import is_ready


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where systemd listens for what processes say of themselves."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


@pytest.mark.parametrize("server", SERVERS)
def test_server_says_that_it_serves_and_that_it_stops(
    systemd: socket.socket, quart: Callable[..., Program], tmp_path: Path, server: str
) -> None:
    path = tmp_path / "app.sock"
    notify = {"NOTIFY_SOCKET": str(systemd.getsockname())}
    program = quart("serve", "--server", server, "--bind", f"unix:{path}", **notify)

    said = [systemd.recv(99)]
    wait_until(lambda: is_ready(path), program)
    program.send(signal.SIGTERM)
    said.append(systemd.recv(99))

    assert (said, program.wait()) == ([b"READY=1", b"STOPPING=1"], 0)


def test_address_may_be_one_of_linux_in_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # Linux chooses
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{sock.getsockname()[1:].decode()}")
        tell_systemd(READY)

        assert sock.recv(99) == b"READY=1"


def test_nobody_is_told_where_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_systemd(READY)

    assert caplog.text == ""


def test_systemd_that_is_gone_stops_nobody(
    systemd: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    systemd.close()

    tell_systemd(READY)

    assert "systemd could not be told READY=1: [Errno 111] Connection refused" in caplog.text
