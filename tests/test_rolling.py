"""Two processes behind nginx, stopped and started in turn under load: no request is lost.

`pytest tests/test_rolling.py --rolling 200 -s` does it 200 times and tells the figures.
"""

import json
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from quartapp.models import Comment, Role
from quartapp.serve import SERVERS
from quartapp.services.entity import add_entity
from quartapp.services.user import add_user
from tests.databases import create_database, drop_database
from tests.helpers import make_bearer
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, Connection, ask
from tests.processes import Program, Server, free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx

CLIENTS = 4
PAUSE = 0.02  # seconds between two requests of a client, which leaves time for the servers
LAME_DUCK = 0.5
IDLE = "100ms"  # nginx keeps a connection for a shorter time than that
SERVE = ["--app", "quartapp", "serve", "--config", str(ROOT / "hypercorn.toml")]


@dataclass
class Load:
    """What the clients have seen so far."""

    seen: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def ask_on(self, address: Address, path: str, headers: Mapping[str, str]) -> None:
        """Read and write in turn over a kept connection, until it is enough."""
        connection = Connection(address)
        while not self.enough.wait(PAUSE):
            for method, body in (("GET", None), ("POST", json.dumps({"body": "rolling"}))):
                started = time.monotonic()
                try:
                    outcome = str(connection.ask(path, method, body, headers).status)
                except (OSError, HTTPException) as error:
                    outcome = repr(error)
                    connection.close()
                self.seconds.append(time.monotonic() - started)
                self.seen[f"{method} {outcome}"] += 1
        connection.close()

    def percentile(self, part: float) -> float:
        """Return milliseconds."""
        return 1000 * sorted(self.seconds)[int(len(self.seconds) * part)]


@contextmanager
def loading(address: Address, path: str, headers: Mapping[str, str]) -> Iterator[Load]:
    load = Load()
    threads = [
        threading.Thread(target=load.ask_on, args=(address, path, headers)) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.enough.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def env(nursery: Path, postgres_server: Server) -> Iterator[dict[str, str]]:
    """The environment of a process in production, with a migrated database."""
    url = create_database(postgres_server)
    env = {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": url,
        "PUBLIC_URL": "https://127.0.0.1",
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": str(LAME_DUCK),
        "TRUSTED_PROXIES": "unix",
    }
    with fork_quart(nursery, ["--app", "quartapp", "db", "upgrade"], env) as program:
        assert program.wait() == 0, program.output()
    yield env
    drop_database(postgres_server, url.rpartition("/")[2])


@pytest.fixture
async def engine(env: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(env["DATABASE_URL"])
    yield engine
    await engine.dispose()


def is_ready(path: Path) -> bool:
    try:
        return ask(path, "/readyz", {"Host": "127.0.0.1"}).status == 200
    except OSError:
        return False


@dataclass
class Pair:
    """Two processes, each of which can be replaced."""

    nursery: Path
    server: str
    paths: list[Path]
    env: Mapping[str, str]
    programs: dict[Path, Program] = field(default_factory=dict)
    stacks: dict[Path, ExitStack] = field(default_factory=dict)

    def start(self, path: Path) -> None:
        self.stacks[path] = ExitStack()
        command = [*SERVE, "--server", self.server, "--bind", f"unix:{path}"]
        process = fork_quart(self.nursery, command, self.env)
        self.programs[path] = self.stacks[path].enter_context(process)
        wait_until(lambda: is_ready(path), self.programs[path])

    def stop(self, path: Path) -> None:
        """Stop a process, which has to end in order."""
        program = self.programs[path]
        program.send(signal.SIGTERM)
        assert program.wait() == 0, program.output()
        self.stacks[path].close()

    def roll(self, rounds: int) -> None:
        for number in range(rounds):
            path = self.paths[number % len(self.paths)]
            self.stop(path)
            self.start(path)


@pytest.fixture(params=SERVERS)
def pair(
    nursery: Path, env: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Pair]:
    pair = Pair(nursery, request.param, [tmp_path / "1.sock", tmp_path / "2.sock"], env)
    try:
        for path in pair.paths:
            pair.start(path)
        yield pair
    finally:
        for stack in pair.stacks.values():
            stack.close()


@pytest.fixture
def address(pair: Pair, tmp_path: Path) -> Iterator[Address]:
    """nginx in front of the two."""
    port = free_port()
    write_nginx(tmp_path, port, pair.paths, idle=IDLE)
    with start_nginx(tmp_path, port) as server:
        note_server(server)
        yield ("127.0.0.1", port)


@pytest.mark.timeout(3600)  # for 200 rounds; each step has a limit of its own
async def test_no_request_is_lost_while_processes_are_replaced(
    pair: Pair, address: Address, engine: AsyncEngine, request: pytest.FixtureRequest
) -> None:
    rounds: int = request.config.getoption("--rolling")
    async with AsyncSession(engine) as session, session.begin():
        user = await add_user(session, name="alice", password_hash="", role=Role.EDITOR)
        entity = await add_entity(session, name="site", url="https://site.test/", owner=user)
        headers = await make_bearer(session, user) | {"Content-Type": "application/json"}
        path = f"/api/v1/entities/{entity.id}/comments"

    started = time.monotonic()
    with loading(address, path, headers) as load:
        pair.roll(rounds)  # nothing else waits on this loop
    seconds = time.monotonic() - started
    async with AsyncSession(engine) as session:
        kept = await session.scalar(select(func.count()).select_from(Comment))

    print(  # noqa: T201
        f"\n{rounds} rounds of {seconds / rounds:.1f} s: {dict(load.seen)}, "
        f"p50 {load.percentile(0.5):.0f} ms, p99 {load.percentile(0.99):.0f} ms, "
        f"longest {load.percentile(1 - 1e-9):.0f} ms"
    )
    assert load.seen.keys() == {"GET 200", "POST 201"}
    assert kept == load.seen["POST 201"]  # none twice, either
