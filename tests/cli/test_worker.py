"""`quart worker` as a process."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

import pytest
from quart import Quart

from quartapp import create_app
from quartapp.extensions import db
from tests import processes
from tests.mail.helpers import add_mail, find_states, run_worker, wait_until
from tests.monitoring.test_watch import wait_for_results
from tests.outside import ask
from tests.processes import Program, free_port
from tests.servers import fork_quart
from tests.services.telling import add_mail_channel, add_reader, go_down
from tests.services.watching import load_check, watch
from tests.smtp_sink import Sink, start_sink

Work = Callable[[Sink], Program]


@pytest.fixture
async def outbox_app(database_url: str, tmp_path: Path) -> Quart:
    settings = {"TESTING": True, "DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    return create_app(settings)


@pytest.fixture
def work(nursery: Path, database_url: str, tmp_path: Path) -> Iterator[Work]:
    """Run `quart worker` on the database of the test."""
    with ExitStack() as stack:
        yield lambda sink: stack.enter_context(run_worker(nursery, sink, database_url, tmp_path))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_worker_sends_until_it_is_told_to_stop(
    outbox_app: Quart, work: Work, number: signal.Signals
) -> None:
    with start_sink() as sink:
        program = work(sink)
        async with outbox_app.app_context():
            await add_mail()
            await wait_until(lambda: sink.deliveries)
            await asyncio.sleep(0.2)
            program.send(number)
            started = monotonic()
            code = await asyncio.to_thread(program.wait)
            states = await find_states()
            await db.engine.dispose()

    assert (code, states) == (0, [("sent", "")])
    assert monotonic() - started < 15
    assert "Traceback" not in program.output()


async def test_worker_tells_systemd_that_it_works_and_that_it_stops(
    nursery: Path, database_url: str, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, start_sink() as sink:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        notify = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with run_worker(nursery, sink, database_url, tmp_path, **notify) as program:
            said = [await asyncio.to_thread(systemd.recv, 99)]
            program.send(signal.SIGTERM)
            said.append(await asyncio.to_thread(systemd.recv, 99))
            code = await asyncio.to_thread(program.wait)

    assert (said, code) == ([b"READY=1", b"STOPPING=1"], 0)


def test_worker_serves_its_figures(nursery: Path, database_url: str, tmp_path: Path) -> None:
    address = ("127.0.0.1", free_port())
    env = {"APP_SETTINGS": "dev", "DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path)}
    command = ["--app", "quartapp", "worker", "--metrics", "{}:{}".format(*address)]

    def answers() -> bool:
        with suppress(OSError):
            return ask(address, "/metrics").status == 200
        return False

    with fork_quart(nursery, command, env) as program:
        processes.wait_until(answers, program)
        body = ask(address, "/metrics").body
        with fork_quart(nursery, command, env) as other:
            code, said = other.wait(), other.output()

    assert "quartapp_looks_limit 50.0" in body
    assert code == 1
    assert "Error: Cannot listen on 127.0.0.1:" in said
    assert "Traceback" not in said


async def test_worker_that_is_told_to_stop_finishes_the_mail_in_flight(
    outbox_app: Quart, work: Work
) -> None:
    with start_sink(delay=1.0) as sink:
        async with outbox_app.app_context():
            await add_mail()
            await add_mail()
            program = work(sink)
            await wait_until(lambda: sink.begun)
            program.send(signal.SIGTERM)
            code = await asyncio.to_thread(program.wait)
            states = await find_states()
            await db.engine.dispose()

    assert (code, len(sink.deliveries)) == (0, 1)
    assert states == [("sent", ""), ("waiting", "")]


async def test_worker_looks_at_sites_and_needs_no_mail_server(
    outbox_app: Quart, nursery: Path, database_url: str, tmp_path: Path, unused_port: int
) -> None:
    with start_sink() as sink:
        given = {"MAIL_BACKEND": "none", "CHECK_PORTS": "1-65535"}
        program = run_worker(nursery, sink, database_url, tmp_path, **given)
        async with outbox_app.app_context():
            await watch(f"http://127.0.0.1:{unused_port}/")
            with program as worker:
                await wait_for_results(1)
                worker.send(signal.SIGTERM)
                code, output = await asyncio.to_thread(worker.wait), worker.output()
            assert (await load_check()).state == "suspect"
            await db.engine.dispose()

    assert code == 0
    assert "No mail is sent until MAIL_SERVER names a server." in output


async def test_worker_tells_people(outbox_app: Quart, work: Work) -> None:
    with start_sink() as sink:
        async with outbox_app.app_context():
            await add_mail_channel(await add_reader())
            (site,) = await watch("http://127.0.0.1:1/")  # a port that is not watched
            await go_down(site)
            program = work(sink)
            await wait_until(lambda: sink.deliveries)
            program.send(signal.SIGTERM)
            code = await asyncio.to_thread(program.wait)
            await db.engine.dispose()

    (delivery,) = sink.deliveries
    assert (code, delivery.recipients) == (0, ["ann@example.org"])
    assert delivery.mail["Subject"] == "Site 1: usability.down"
