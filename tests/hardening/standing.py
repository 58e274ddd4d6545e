"""quartapp in production as it is served: by either server, and through nginx as it is shipped."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.nginx import ROOT, write_nginx
from tests.outside import Address
from tests.processes import Program, free_port, wait_until
from tests.servers import fork_quart, note_server, start_nginx
from tests.test_serve import is_ready

OFTEN = "1000000/minute"
SERVE = ["--app", "tests.hardening.serve_app", "serve", "--config", str(ROOT / "hypercorn.toml")]


@dataclass(frozen=True)
class Stand:
    """Where a process is asked: itself, and through nginx."""

    name: str
    program: Program
    direct: Address
    proxied: Address


def make_settings(database: str, folder: Path) -> dict[str, str]:
    return {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": database,
        "INSTANCE_PATH": str(folder),
        "PUBLIC_URL": "https://localhost",
        "RATE_LIMIT_API": OFTEN,
        "RATE_LIMIT_PAGES": OFTEN,
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": "0",
        "TRUSTED_PROXIES": "unix",
    }


@contextmanager
def standing(
    nursery: Path, server: str, database: str, folder: Path, **more: str
) -> Iterator[Stand]:
    """Serve *database* from *folder*, which gets nginx's logs; *more* settings."""
    path, port = folder / "app.sock", free_port()
    write_nginx(folder, port, [path])
    # More than 50 connections of one address, which is what the tests have.
    conf = folder / "nginx.conf"
    conf.write_text(
        conf.read_text().replace("limit_conn connections 50", "limit_conn connections 2000")
    )
    main = folder / "nginx.d" / "main.conf"
    main.write_text(main.read_text().replace("error_log stderr", f"error_log {folder}/error.log"))
    command = [*SERVE, "--server", server, "--bind", f"unix:{path}"]
    with (
        fork_quart(nursery, command, make_settings(database, folder) | more) as program,
        start_nginx(folder, port) as nginx,
    ):
        wait_until(lambda: is_ready(path), program)
        note_server(nginx)
        yield Stand(server, program, path, ("127.0.0.1", port))
