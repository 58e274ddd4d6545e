"""Whoever is measured: started, each behind nginx, on a core of its own."""

import functools
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.works import HOST
from quartapp.config import Config
from quartapp.serve import serve_command
from tests.nginx import write_nginx
from tests.outside import ask
from tests.processes import IMPORTS, free_port, make_folder, running
from tests.servers import start_nginx

SECRET_KEY = secrets.token_hex()
BIN = Path(sys.executable).parent
CORES = sorted(os.sched_getaffinity(0))
IS_PINNED = len(CORES) > 1
SERVER_CORES, OTHER_CORES = ({CORES[0]}, set(CORES[1:])) if IS_PINNED else ({*CORES}, {*CORES})

SERVE = ["-m", "quart", "--app", "quartapp:create_app", "serve", "--bind", "unix:{socket}"]
GRANIAN = "granian --interface asgi --workers 1 --loop uvloop --no-access-log --uds {socket}"
OURS = {
    "APP_SETTINGS": "prod",
    "SECRET_KEY": SECRET_KEY,
    "PUBLIC_URL": f"https://{HOST}",
    "TRUSTED_PROXIES": "unix",
    "DATABASE_POOL_SIZE": "10",
    "PER_PAGE": "50",
    "API_DOCS": "0",
}


@dataclass(frozen=True)
class Stack:
    """One who is measured."""

    name: str
    title: str
    kind: str  # ours, peer, or tuned: a peer that is told beside the others
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()  # of `quart serve`, without which there is nothing to measure
    settings: tuple[str, ...] = ()  # the same of quartapp.config
    server: str = ""

    @property
    def is_beside(self) -> bool:
        """Whether it is told beside the others: its cost is, and nothing at many connections."""
        return self.kind == "tuned" or "READ_BATCHES" in self.env


@dataclass(frozen=True)
class Running:
    stack: Stack
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def make_ours(name: str, title: str, server: str, **env: str) -> Stack:
    more = ("--server", server) if server != "hypercorn" else ()
    command = [sys.executable, *SERVE, *more]
    options = ("--server",) if more else ()
    return Stack(name, title, "ours", command, env, options, tuple(env), server)


def make_peer(name: str, title: str, command: str, kind: str = "peer") -> Stack:
    program, *options = command.split()
    return Stack(name, title, kind, [str(BIN / program), *options])


PEERS = "benchmarks.peers"
SINGLE = {"READ_BATCHES": "0", "AUTH_CACHE_SECONDS": "0"}
STACKS = [
    make_ours("quartapp", "quartapp, hypercorn", "hypercorn"),
    make_ours("quartapp-granian", "quartapp, granian", "granian"),
    make_ours("quartapp-single", "one query each, hypercorn", "hypercorn", **SINGLE),
    make_ours("quartapp-granian-single", "one query each, granian", "granian", **SINGLE),
    make_peer(
        "flask",
        "Flask-SQLAlchemy, gunicorn gevent",
        "gunicorn --worker-class gevent --workers 1 --no-control-socket --bind unix:{socket} "
        f"{PEERS}.flask_peer:app",
    ),
    make_peer(
        "fastapi",
        "FastAPI, async SQLAlchemy, uvicorn",
        f"uvicorn --uds {{socket}} --no-access-log --workers 1 {PEERS}.fastapi_peer:app",
    ),
    make_peer(
        "litestar",
        "Litestar, Advanced Alchemy, granian",
        f"{GRANIAN} {PEERS}.litestar_peer:app",
    ),
    make_peer(
        "quart",
        "Quart, async SQLAlchemy, hypercorn",
        "hypercorn --worker-class uvloop --backlog 2048 --bind unix:{socket} "
        f"{PEERS}.quart_peer:app",
    ),
    make_peer(
        "tuned",
        "Litestar by hand, asyncpg, granian",
        f"{GRANIAN} {PEERS}.tuned_peer:app",
        kind="tuned",
    ),
]


def find_lack(stack: Stack) -> str:
    """Say what quartapp lacks for a stack; nothing when all is there."""
    known = {name for option in serve_command.params for name in option.opts}
    lacks = [f"`quart serve {name}`" for name in stack.options if name not in known]
    lacks += [f"setting {name}" for name in stack.settings if name not in Config.model_fields]
    return " and ".join(lacks)


def open_limits() -> dict[str, str]:
    """Have the application count, and refuse nobody."""
    wide = {"RATE_LIMIT_API": "1000000/second", "RATE_LIMIT_PAGES": "1000000/second"}
    return wide if wide.keys() <= Config.model_fields.keys() else {"RATE_LIMITS": "0"}


@contextmanager
def pinned_to(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def start_stacks(stacks: Sequence[Stack], database_url: str) -> Iterator[list[Running]]:
    with ExitStack() as stack:
        yield [stack.enter_context(start_stack(one, database_url)) for one in stacks]


@contextmanager
def start_stack(stack: Stack, database_url: str) -> Iterator[Running]:
    with make_folder() as folder, ExitStack() as opened:
        socket, port, place = folder / "app.sock", free_port(), folder / "server"
        place.mkdir()
        env = {**IMPORTS, "DATABASE_URL": database_url}
        if stack.kind == "ours":
            env |= {**OURS, **open_limits(), **stack.env, "INSTANCE_PATH": str(folder)}
        command = [part.replace("{socket}", str(socket)) for part in stack.command]
        alive = functools.partial(is_alive, socket)
        with pinned_to(SERVER_CORES):
            program = opened.enter_context(running(place, command, alive, name=stack.name, env=env))
        (folder / "nginx").mkdir()
        write_ours(folder / "nginx", port, socket)
        if stack.kind != "ours":
            write_plain(folder / "nginx", port)
        opened.enter_context(start_nginx(folder / "nginx", port))
        yield Running(stack, port, program.pid)


def is_alive(socket: Path, path: str = "/livez") -> bool:
    try:
        return ask(socket, path, {"Host": HOST}).status == 200
    except OSError:
        return False


def write_ours(folder: Path, port: int, *sockets: Path) -> None:
    """Write deploy/nginx.conf and its includes, with limits that count nobody, and no log."""
    write_nginx(folder, port, sockets)
    http = folder / "nginx.d" / "http.conf"
    text = re.sub(r"(?m)^access_log .*;$", "access_log off;", http.read_text())
    nobody = 'map $remote_addr $nobody { default ""; }\n'
    http.write_text(nobody + text.replace("_zone $client ", "_zone $nobody "))


def write_plain(folder: Path, port: int) -> None:
    """Write what the documentation of the peers shows, with the same upstream as ours."""
    folder.joinpath("nginx.conf").write_text(f"""\
include nginx.d/main.conf;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    upstream peer {{ include nginx.d/upstream.conf; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_pass http://peer;
        }}
    }}
}}
""")
