"""Two processes in production behind nginx, each of which can be replaced; a plugin of pytest."""

import secrets
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from quartapp.serve import SERVERS
from tests.databases import create_database, drop_database
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, ask
from tests.processes import Program, Server, free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx

LAME_DUCK = 0.6
IDLE = "50ms"  # nginx keeps a connection for a shorter time than that
SERVE = ["--app", "quartapp", "serve", "--config", str(ROOT / "hypercorn.toml")]


@pytest.fixture
def pair_env(nursery: Path, postgres_server: Server) -> Iterator[dict[str, str]]:
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
async def pair_engine(pair_env: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(pair_env["DATABASE_URL"])
    yield engine
    await engine.dispose()


def is_ready(address: Address) -> bool:
    try:
        return ask(address, "/readyz").status == 200
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
        process = fork_quart(self.nursery, self.write_command(path), self.env)
        self.programs[path] = self.stacks[path].enter_context(process)
        wait_until(lambda: self.is_up(path), self.programs[path])

    def write_command(self, path: Path) -> list[str]:
        return [*SERVE, "--server", self.server, "--bind", f"unix:{path}"]

    def is_up(self, path: Path) -> bool:
        return is_ready(path)

    def stop(self, path: Path) -> None:
        """Stop a process, which has to end in order."""
        program = self.programs[path]
        program.send(signal.SIGTERM)
        assert program.wait() == 0, program.output()
        self.stacks[path].close()

    def kill(self, path: Path) -> None:
        program = self.programs[path]
        program.send(signal.SIGKILL)
        program.wait()
        self.stacks[path].close()

    def roll(self, rounds: int) -> None:
        for number in range(rounds):
            path = self.paths[number % len(self.paths)]
            self.stop(path)
            self.start(path)


@pytest.fixture(params=SERVERS)
def pair(
    nursery: Path, pair_env: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Pair]:
    pair = Pair(nursery, request.param, [tmp_path / "1.sock", tmp_path / "2.sock"], pair_env)
    try:
        for path in pair.paths:
            pair.start(path)
        yield pair
    finally:
        for stack in pair.stacks.values():
            stack.close()


@pytest.fixture
def pair_address(pair: Pair, tmp_path: Path) -> Iterator[Address]:
    """nginx in front of the two."""
    port = free_port()
    write_nginx(tmp_path, port, pair.paths, idle=IDLE)
    with start_nginx(tmp_path, port) as server:
        note_server(server)
        yield ("127.0.0.1", port)
