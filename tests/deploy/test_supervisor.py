"""supervisor as it is configured: keeps the processes, and restarts them while others serve."""

import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from time import monotonic, sleep

import pytest
from click.testing import CliRunner

from quartapp.cli.deploy import restart
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, Connection
from tests.papers import read_paper
from tests.processes import IMPORTS, PATIENCE, free_port, make_folder, running
from tests.servers import start_nginx
from tests.test_serve import is_ready

BIN = Path(sys.executable).parent
PROGRAM = f"{sys.executable} -m quart --app tests.serve_app"
DAEMON = """
[supervisord]
nodaemon=true
pidfile={0}/supervisord.pid
logfile=/dev/null
logfile_maxbytes=0

[unix_http_server]
file={0}/control

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{0}/control

"""


def write_supervisor(folder: Path) -> Path:
    """Write what is shipped, with the paths of a test, the small application, and no worker."""
    text = (ROOT / "deploy" / "supervisord.conf").read_text()
    text = text.replace("/opt/quartapp/venv/bin/quartapp serve", f"{PROGRAM} serve")
    text = text.replace("/opt/quartapp/venv/bin/quartapp worker", "sh -c 'exec sleep 1000'")
    text = text.replace("/run/quartapp", str(folder)).replace("/var/log/quartapp", str(folder))
    text = text.replace("/opt/quartapp", str(ROOT)).replace("user=quartapp\n", "")
    path = folder / "supervisord.conf"
    path.write_text(DAEMON.format(folder) + text.replace("startsecs=3", "startsecs=1"))
    return path


def control(folder: Path, *words: str) -> str:
    command = [BIN / "supervisorctl", "-c", folder / "supervisord.conf", *words]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout


@pytest.fixture(scope="module")
def supervised() -> Iterator[Path]:
    """The folder of a supervisor that keeps two processes."""
    with make_folder() as folder:
        command = [BIN / "supervisord", "-c", write_supervisor(folder)]

        def is_up() -> bool:
            return all(is_ready(folder / f"{name}.sock") for name in "12")

        env = {**IMPORTS, "SHUTDOWN_LAME_DUCK": "2"}
        with running(folder, command, is_up, name="supervisord", env=env):
            yield folder


@contextmanager
def asking(address: Address) -> Iterator[list[str]]:
    """Read and write over one connection until the block ends; collect what came of it."""
    seen: list[str] = []
    enough = threading.Event()

    def go_on() -> None:
        connection = Connection(address)
        while not enough.wait(0.01):
            method = "POST" if len(seen) % 2 else "GET"
            try:
                seen.append(str(connection.ask("/slow/0.01", method).status))
            except (OSError, HTTPException) as error:
                seen.append(repr(error))
                connection.close()
        connection.close()

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def find_pids(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) +RUNNING +pid (\d+)", control(folder, "status"), re.MULTILINE))


def test_processes_are_restarted_in_turn_and_no_request_fails(supervised: Path) -> None:
    port = free_port()
    sockets = [supervised / "1.sock", supervised / "2.sock"]
    write_nginx(supervised, port, sockets, idle="200ms")  # far below the lame duck, on any machine
    before = find_pids(supervised)
    command = f"{BIN}/supervisorctl -c {supervised}/supervisord.conf restart quartapp:{{name}}"
    options = ["--sockets", str(supervised), "--command", command]

    with start_nginx(supervised, port), asking(("127.0.0.1", port)) as seen:
        result = CliRunner().invoke(restart, options)
    after = find_pids(supervised)

    assert result.exit_code == 0, result.output
    assert (set(seen), len(seen) > 100) == ({"200"}, True)
    assert before.keys() == after.keys() == {"quartapp:1", "quartapp:2", "quartapp-worker:1"}
    assert {name for name in before if before[name] != after[name]} == {"quartapp:1", "quartapp:2"}


def test_workers_are_replaced_by_the_command_of_the_paper(supervised: Path) -> None:
    (typed,) = re.findall(r"`supervisorctl (restart .+?)`", read_paper("docs/operations.md"))
    before = find_pids(supervised)

    said = control(supervised, *shlex.split(typed))
    after = find_pids(supervised)

    assert said == "quartapp-worker:1: stopped\nquartapp-worker:1: started\n"
    assert {name for name in before if before[name] != after[name]} == {"quartapp-worker:1"}


def test_update_replaces_only_the_group_that_was_changed(supervised: Path) -> None:
    conf, before = supervised / "supervisord.conf", find_pids(supervised)
    first, header, worker = conf.read_text().partition("[program:quartapp-worker]")
    conf.write_text(first + header + worker.replace("startretries=1000", "startretries=999"))

    control(supervised, "update")
    end = monotonic() + PATIENCE
    while (after := find_pids(supervised)).keys() != before.keys() and monotonic() < end:
        sleep(0.1)

    assert {name for name in before if before[name] != after[name]} == {"quartapp-worker:1"}


def test_process_that_is_killed_comes_back(supervised: Path) -> None:
    pid = find_pids(supervised)["quartapp:1"]

    control(supervised, "signal", "KILL", "quartapp:1")
    end = monotonic() + PATIENCE
    while find_pids(supervised).get("quartapp:1", pid) == pid and monotonic() < end:
        sleep(0.1)
    while not is_ready(supervised / "1.sock") and monotonic() < end:
        sleep(0.1)

    assert monotonic() < end
