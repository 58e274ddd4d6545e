"""The application on many machines: nginx, two that serve, two workers, the database, the sites."""

import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from tests.databases import create_database, start_postgres
from tests.hosts.network import NETWORK, Network
from tests.nginx import ROOT, write_nginx
from tests.outside import Address, Reply, ask
from tests.pair import is_ready
from tests.processes import IMPORTS, Command, find_user, make_folder, running
from tests.servers import note_server, start_nginx, start_valkey

T = TypeVar("T")

WEB, WORKERS = ["web1", "web2"], ["worker1", "worker2"]
PORT, VALKEY_PORT = 8000, 6379
QUART = [sys.executable, "-m", "quart", "--app", "quartapp"]
SERVE: Command = [*QUART, "serve", "--config", ROOT / "hypercorn.toml", "--bind"]
HBA = f"host all all 127.0.0.1/32 trust\nhost all all {NETWORK} trust\n"


@dataclass
class Machines:
    """What runs where; each name is one of the network."""

    network: Network
    stack: ExitStack
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def find_address(self, name: str) -> str:
        return self.network.hosts[name].address

    def do(self, name: str, work: Callable[..., T], *args: Any) -> T:
        return self.network.hosts[name].do(work, *args)

    def enter(self, name: str, context: AbstractContextManager[T]) -> T:
        """Let it begin on a host, and last until the end."""
        return self.do(name, self.stack.enter_context, context)

    def run(self, name: str, command: Command, answers: Callable[[], bool] = lambda: True) -> None:
        folder = self.stack.enter_context(make_folder())
        env = {**IMPORTS, **self.env}
        self.enter(name, running(folder, command, answers, name=name, env=env))

    def ask(self, name: str, path: str) -> Reply:
        """Ask a process that serves, from its own host."""
        return self.do(name, ask, (self.find_address(name), PORT), path)

    def is_ready(self, name: str) -> bool:
        return self.do(name, is_ready, (self.find_address(name), PORT))

    def query(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do *work* in one transaction, on the database's host."""
        return self.do("database", asyncio.run, self._query(work))

    async def _query(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        engine = make_engine(parse_url(self.env["DATABASE_URL"]))
        try:
            async with AsyncSession(engine) as session, session.begin():
                return await work(session)
        finally:
            await engine.dispose()

    def count_written(self, name: str) -> int:
        """Count the requests that a process answered 201, as nginx says."""
        entries = map(json.loads, (self.folder / "access.log").read_text().splitlines())
        wanted = f"{self.find_address(name)}:{PORT}", "201"
        return sum((entry["upstream"], entry["upstream_status"]) == wanted for entry in entries)

    def count_asked(self, name: str) -> int:
        """Count the sites that a worker has asked for."""
        lines = (self.folder / "asked").read_text().splitlines()
        return sum(line.startswith(f"{self.find_address(name)} ") for line in lines)


@contextmanager
def start_machines(network: Network, folder: Path) -> Iterator[Machines]:
    with ExitStack() as stack:
        machines = Machines(network, stack, folder)
        for name in ("nginx", *WEB, *WORKERS, "database", "sites"):
            network.add(name)
        start_stores(machines)
        start_sites(machines)
        for name in WEB:
            start_web(machines, name)
        start_proxy(machines)
        yield machines


def start_stores(machines: Machines) -> None:
    """Start PostgreSQL and Valkey, and say where they are."""
    address = machines.find_address("database")
    user = find_user()
    folder = machines.stack.enter_context(make_folder(user))
    (folder / "hba").write_text(HBA)
    postgres = start_postgres(listen_addresses="*", hba_file=str(folder / "hba"))
    server = note_server(machines.enter("database", postgres))
    open_up = ("--bind", "0.0.0.0", "--protected-mode", "no")
    note_server(machines.enter("database", start_valkey(VALKEY_PORT, *open_up)))
    url = machines.do("database", create_database, server)
    machines.env |= {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": url.replace("127.0.0.1", address),
        "REDIS_URL": f"redis://{address}:{VALKEY_PORT}/0",
        "PUBLIC_URL": "https://127.0.0.1",
        "SECRET_KEY": secrets.token_hex(),
        "TRUSTED_PROXIES": machines.find_address("nginx"),
        "RATE_LIMIT_API": "1000000/minute",
    }
    machines.do("database", asyncio.run, migrate(machines.env["DATABASE_URL"]))


async def migrate(url: str) -> None:
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    await engine.dispose()


def start_sites(machines: Machines) -> None:
    address, asked = machines.find_address("sites"), machines.folder / "asked"
    command: Command = [sys.executable, "-m", "tests.hosts.sites", address, str(PORT), asked]
    machines.run("sites", command, asked.exists)
    machines.env |= {
        "CHECK_ALLOWED_NETWORKS": f"{address}/32",
        "CHECK_CANARIES": f"http://{address}:{PORT}/canary",
    }


def start_web(machines: Machines, name: str) -> None:
    address = machines.find_address(name), PORT
    command = [*SERVE, "{}:{}".format(*address)]
    machines.run(name, command, lambda: is_ready(address))


def start_proxy(machines: Machines) -> None:
    processes: list[Address] = [(machines.find_address(name), PORT) for name in WEB]
    write_nginx(machines.folder, PORT, processes)
    note_server(machines.enter("nginx", start_nginx(machines.folder, PORT)))


def start_worker(machines: Machines, name: str) -> None:
    machines.run(name, [*QUART, "worker"])
