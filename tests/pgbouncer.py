"""pgbouncer in transaction mode, before the PostgreSQL of the tests."""

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import (
    Command,
    Server,
    ServerError,
    find_user,
    find_version,
    free_port,
    make_folder,
    run,
    running,
    says,
)

CONNECTIONS = 2  # to PostgreSQL, for all clients: each transaction is on another one
ASK_FOR_TLS, NO = bytes.fromhex("00000008 04d2162f"), b"N"
SETTINGS = """[databases]
* = host=127.0.0.1 port={postgres} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
"""


def find_pgbouncer() -> Path | None:
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


@contextmanager
def start_pgbouncer(postgres: Server) -> Iterator[Server]:
    pgbouncer = find_pgbouncer()
    if pgbouncer is None:
        raise ServerError("pgbouncer is not installed.")
    user, port = find_user(), free_port()
    with make_folder(user) as folder:
        settings = folder / "pgbouncer.ini"
        text = SETTINGS.format(postgres=postgres.port, port=port, connections=CONNECTIONS)
        settings.write_text(text)
        command: Command = [pgbouncer, settings]
        answers = functools.partial(says, port, ASK_FOR_TLS, NO)
        with running(folder, command, answers, user=user) as program:
            version = find_version(run([pgbouncer, "--version"], user))
            url = f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
            yield Server("pgbouncer", version, url, port, program.pid, folder)
