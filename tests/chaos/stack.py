"""All that an installation has, each part of which can fail: whoever talks to whom over a link."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.chaos.names import PORT
from tests.chaos.proxy import Proxy, open_proxy
from tests.chaos.world import World, open_world
from tests.databases import create_database, start_postgres
from tests.nginx import write_nginx
from tests.outage import Mortal, mortal_postgres, mortal_valkey
from tests.outside import ask
from tests.pair import IDLE, LAME_DUCK, Pair
from tests.processes import Program, Server, free_port, make_folder
from tests.servers import fork_quart, start_nginx, start_nursery, start_valkey
from tests.smtp_sink import Sink, start_sink

T = TypeVar("T")
LEASE = 10  # s until mail that a dead process was about to send is sent by another
WIDE = "100000/minute"
LOG = "quartapp.log"
WORKER = ["--app", "tests.chaos.app", "worker", "--metrics"]


class Webs(Pair):
    """Processes that serve; one that is up may wait for the database."""

    def is_up(self, path: Path) -> bool:
        return answers(path, "/livez")


class Workers(Pair):
    """The same, whose paths are links to the addresses of their figures."""

    def write_command(self, path: Path) -> list[str]:
        return [*WORKER, "{}:{}".format(*find_address(path))]

    def is_up(self, path: Path) -> bool:
        return answers(find_address(path), "/metrics")


def find_address(path: Path) -> tuple[str, int]:
    return "127.0.0.1", int(path.name)


def answers(address: Path | tuple[str, int], path: str) -> bool:
    try:
        return ask(address, path).status == 200
    except OSError:
        return False


@dataclass
class Stack:
    postgres: Mortal
    valkey: Mortal
    sink: Sink
    world: World
    links: dict[str, Proxy]  # from the processes to the first three
    webs: Webs
    workers: Workers
    nginx: Server
    engine: AsyncEngine  # of who looks on, past the link
    folder: Path

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.nginx.port

    @property
    def programs(self) -> list[Program]:
        return [*self.webs.programs.values(), *self.workers.programs.values()]

    def reload_nginx(self) -> None:
        os.kill(self.nginx.pid, signal.SIGHUP)


@asynccontextmanager
async def start_stack(**settings: str) -> AsyncIterator[Stack]:
    """Start it all; *settings* are those of the processes that are not as usual."""
    async with AsyncExitStack() as stack:

        async def start(context: AbstractContextManager[T]) -> T:
            """Enter what waits for processes, in a thread; leave it likewise."""
            value = await asyncio.to_thread(context.__enter__)
            stack.push_async_callback(asyncio.to_thread, context.__exit__, None, None, None)
            return value

        folder = await start(make_folder())
        nursery, server, valkey_server, sink = await asyncio.gather(
            start(start_nursery()),
            start(start_postgres(synchronous_commit="on")),
            start(start_valkey()),
            start(start_sink()),
        )
        postgres = await start(mortal_postgres(server))
        valkey = await start(mortal_valkey(valkey_server))
        world = await stack.enter_async_context(open_world())
        ports = {"postgres": server.port, "redis": valkey_server.port, "smtp": sink.port}
        links = {
            name: await stack.enter_async_context(open_proxy(("127.0.0.1", port)))
            for name, port in ports.items()
        }
        url = await asyncio.to_thread(create_database, server)
        env = write_env(folder, url, links, sink, world) | settings
        await start(migrated(nursery, env))
        webs = Webs(nursery, "hypercorn", [folder / "1.sock", folder / "2.sock"], env)
        ports_of_workers = [folder / str(free_port()) for _ in range(2)]
        workers = Workers(nursery, "", ports_of_workers, env | {"OUTBOX_IN_WEB": "false"})
        await asyncio.gather(start(kept(webs)), start(kept(workers)))
        port = free_port()
        write_nginx(folder, port, webs.paths, idle=IDLE)
        nginx = await start(start_nginx(folder, port))
        engine = create_async_engine(url)
        stack.push_async_callback(engine.dispose)
        yield Stack(postgres, valkey, sink, world, links, webs, workers, nginx, engine, folder)


def write_env(
    folder: Path, url: str, links: dict[str, Proxy], sink: Sink, world: World
) -> dict[str, str]:
    name = url.rpartition("/")[2]
    return {
        "APP_SETTINGS": "prod",
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{links['postgres'].port}/{name}",
        "REDIS_URL": f"redis://127.0.0.1:{links['redis'].port}/0",
        "PUBLIC_URL": "https://127.0.0.1",
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": str(LAME_DUCK),
        "TRUSTED_PROXIES": "unix",
        "REGISTRATION": "invitation",
        "LOG_FILE": str(folder / LOG),
        "LOG_MAX_BYTES": "1000000000",
        "RATE_LIMIT_API": WIDE,
        "RATE_LIMIT_PAGES": WIDE,
        **{key: str(value) for key, value in sink.settings.items()},
        "MAIL_PORT": str(links["smtp"].port),
        "OUTBOX_LEASE": str(LEASE),
        "CHECK_PORTS": "1-65535",
        "CHECK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "CHECK_CANARIES": ",".join(world.canaries),
        PORT: str(world.names.port),
    }


@contextmanager
def migrated(nursery: Path, env: dict[str, str]) -> Iterator[None]:
    with fork_quart(nursery, ["--app", "quartapp", "db", "upgrade"], env) as program:
        assert program.wait() == 0, program.output()
        yield


@contextmanager
def kept(processes: Pair) -> Iterator[None]:
    """Start them; kill at the end whoever is there then."""
    try:
        for path in processes.paths:
            processes.start(path)
        yield
    finally:
        for stack in processes.stacks.values():
            stack.close()
