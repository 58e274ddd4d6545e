"""`quart check run`: looks that somebody wants to see now."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import result
from quartapp.monitoring.gate import CUT_OFF
from tests.cli.conftest import Ask, Invoke
from tests.services.watching import load_check, watch


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/old" else 200)
        self.send_header("Location", "/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def count_results() -> int:
    async with db.read() as session:
        return len((await session.execute(select(result))).all())


def test_each_phase_of_a_look_is_shown(invoke: Invoke, ask: Ask, site: str) -> None:
    invoke("db", "upgrade")
    ask(watch(f"{site}/old"))
    found = invoke("check", "run", "site-1")

    lines = found.stdout.splitlines()
    assert lines[:2] == ["Site 1: ok (200)", f"  redirected by {site}/old"], found.output
    assert [re.sub(r" +[\d.]+ ms$", "", line) for line in lines[2:]] == [
        "  connection",
        "  first byte",
        "  altogether",
    ]
    assert found.exit_code == 0
    assert ask(load_check()).state == "up"


def test_many_sites_are_looked_at_and_shown_by_name(
    invoke: Invoke, ask: Ask, site: str, unused_port: int
) -> None:
    invoke("db", "upgrade")
    ask(watch(site, f"http://127.0.0.1:{unused_port}", "http://10.0.0.1"))
    found = invoke("check", "run", "--all")

    assert [line for line in found.stdout.splitlines() if line.startswith("Site")] == [
        "Site 1: ok (200)",
        "Site 2: fail (connect) The connection failed: Connection refused.",
        "Site 3: error (blocked) 10.0.0.1 is not a public address.",
    ]
    assert found.exit_code == 1
    assert ask(count_results()) == 3


def test_site_that_is_removed_meanwhile_stops_no_other(
    invoke: Invoke, ask: Ask, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        """Remove the third, which waits for a turn at the host of the first two."""
        with closing(sqlite3.connect(tmp_path / "test.db", timeout=30)) as database, database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM entity WHERE name = 'Site 3'")
        handler.send_response(200)
        handler.end_headers()

    monkeypatch.setattr(Site, "do_GET", answer)
    invoke("db", "upgrade")
    ask(watch(f"{site}/1", f"{site}/2", f"{site}/3"))
    found = invoke("check", "run", "--all")

    lines = [line for line in found.stdout.splitlines() if line.startswith("Site")]
    assert lines == ["Site 1: ok (200)", "Site 2: ok (200)"], found.output
    assert (found.exit_code, ask(count_results())) == (0, 2)


class Crowd(BaseHTTPRequestHandler):
    """Answers well once three ask at the same time."""

    barrier = threading.Barrier(3)

    def do_GET(self) -> None:
        try:
            self.barrier.wait(10)
            self.send_response(200)
        except threading.BrokenBarrierError:
            self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def crowd() -> Iterator[int]:
    server = ThreadingHTTPServer(("0.0.0.0", 0), Crowd)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_sites_do_not_wait_for_each_other(invoke: Invoke, ask: Ask, crowd: int) -> None:
    invoke("db", "upgrade")
    ask(watch(*[f"http://127.0.0.{number}:{crowd}" for number in range(1, 4)]))
    found = invoke("check", "run", "--all")

    lines = [line for line in found.stdout.splitlines() if line.startswith("Site")]
    assert lines == [f"Site {number}: ok (200)" for number in range(1, 4)]


def test_failure_is_ours_while_no_canary_answers(
    invoke: Invoke, ask: Ask, new_app: Quart, unused_port: int
) -> None:
    new_app.config["CHECK_CANARIES"] = [f"http://127.0.0.2:{unused_port}"]
    invoke("db", "upgrade")
    ask(watch(f"http://127.0.0.1:{unused_port}"))
    found = [invoke("check", "run", "--all") for _ in range(3)][-1]

    assert found.stdout.splitlines()[0] == f"Site 1: error (network) {CUT_OFF}"
    assert found.exit_code == 1
    assert ask(load_check()).state == "new"
    assert ask(count_results()) == 3


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (["nope"], 1, "There is no entity 'nope'."),
        ([], 2, "Name sites, or say --all."),
        (["site-1", "--all"], 2, "Name sites, or say --all."),
    ],
)
def test_what_cannot_be_looked_at_is_named(
    invoke: Invoke, ask: Ask, given: list[str], code: int, message: str
) -> None:
    invoke("db", "upgrade")
    ask(watch("http://a.example"))
    found = invoke("check", "run", *given)

    assert (found.exit_code, found.stderr.splitlines()[-1]) == (code, f"Error: {message}")
    assert ask(count_results()) == 0
