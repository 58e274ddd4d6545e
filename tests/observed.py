"""A process in production whose traces and failures are told to a receiver; a plugin of pytest."""

import secrets
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.outside import Address, Connection, Reply
from tests.processes import Program, free_port, wait_until
from tests.receiver import Receiver, receiving
from tests.servers import fork_quart

SOON = 30.0  # seconds, on a busy machine too


@dataclass(frozen=True)
class Observed:
    """The process, and where it answers."""

    program: Program
    address: Address

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        with closing(Connection(self.address)) as connection:
            return connection.ask(path, method, body, headers)

    def stop(self) -> str:
        """Stop it, which has to end in order, and return what it logged."""
        self.program.send(signal.SIGTERM)
        assert self.program.wait(SOON) == 0, self.program.output()
        return self.program.output()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def observe(
    nursery: Path, sqlite_template: Path, tmp_path: Path
) -> Iterator[Callable[..., Observed]]:
    """Serve `observed_app`: `observe(SENTRY_DSN="…")`."""
    database = tmp_path / "observed.db"
    shutil.copy(sqlite_template, database)
    database.chmod(0o600)
    given = {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": f"sqlite:///{database}",
        "INSTANCE_PATH": str(tmp_path),
        "PUBLIC_URL": "https://127.0.0.1",
        "SECRET_KEY": secrets.token_hex(),
        "SHUTDOWN_LAME_DUCK": "0",
    }
    with ExitStack() as stack:

        def start(**env: str) -> Observed:
            port = free_port()
            command = ["--app", "tests.observed_app", "serve", "--bind", f"127.0.0.1:{port}"]
            program = stack.enter_context(fork_quart(nursery, command, given | env))
            observed = Observed(program, ("127.0.0.1", port))
            wait_until(lambda: is_ready(observed), program)
            return observed

        yield start


def is_ready(observed: Observed) -> bool:
    try:
        return observed.ask("/readyz").status == 200
    except OSError:
        return False
