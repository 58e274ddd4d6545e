"""A folder that stands for a machine: what papers tell an operator to type is run in it."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.processes import IMPORTS, Program, free_port, make_folder, wait_until
from tests.servers import fork_quart

ROOT = Path(__file__).parent.parent
FOLDERS = re.compile(r"(?<![\w./])/(?=(etc|opt|run|usr/local|var)/)")
FOUND = [  # on any machine; systemd makes that of sockets
    "etc/systemd/system",
    "etc/nginx",
    "etc/supervisor/conf.d",
    "etc/tmpfiles.d",
    "run/quartapp",
    "opt/quartapp",
    "usr/local/bin",
    "var/lib",
]
SETTINGS = Path("etc", "quartapp", "quartapp.env")


@dataclass
class Place:
    """The machine; *changed* are settings that differ from those of its `quartapp.env`."""

    folder: Path
    nursery: Path
    stack: ExitStack
    changed: dict[str, str]
    ports: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Where quartapp is installed, and commands are typed."""
        return self.folder / "opt" / "quartapp"

    @property
    def env(self) -> dict[str, str]:
        given = dotenv_values(self.folder / SETTINGS)
        kept = {name: self.settle(value or "") for name, value in given.items()}
        return {**IMPORTS, **kept, **self.changed}

    def settle(self, text: str) -> str:
        """Name what is here in place of the folders and addresses of a machine."""
        for address in {*re.findall(r"\b(?:127\.0\.0\.1|10\.\d+\.\d+\.\d+):\d+", text)}:
            here = self.ports.setdefault(address, f"127.0.0.1:{free_port()}")
            text = text.replace(address, here)
        return FOLDERS.sub(f"{self.folder}/", text)

    def run(self, command: str) -> str:
        """Have a shell do *command*, and return what it prints."""
        done = subprocess.run(
            ["/bin/sh", "-euc", self.settle(command)],
            cwd=self.home,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout

    @contextmanager
    def start(self, command: str, terminal: str = "") -> Iterator[Program]:
        """Start a command of ours."""
        words = ["--app", "quartapp", *shlex.split(self.settle(command), comments=True)[1:]]
        with fork_quart(self.nursery, words, self.env, cwd=self.home, terminal=terminal) as program:
            yield program

    def finish(self, command: str) -> str:
        """Run a command of ours to its end, which has to be good; return what it prints."""
        with self.start(command) as program:
            assert program.wait() == 0, f"{command}: {program.output()}"
            return program.output()

    def serve(self, command: str, is_up: Callable[[Program], bool]) -> None:
        """Start a command of ours that does not end; stop it once it is up."""
        with self.start(command) as program:
            wait_until(lambda: is_up(program), program)
            program.send(signal.SIGTERM)
            assert program.wait() == 0, f"{command}: {program.output()}"

    def change(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """Do *work* in the database, in one transaction."""

        async def do() -> None:
            engine = make_engine(parse_url(self.env["DATABASE_URL"]))
            try:
                async with AsyncSession(engine) as session, session.begin():
                    await work(session)
            finally:
                await engine.dispose()

        asyncio.run(do())


@contextmanager
def open_place(nursery: Path) -> Iterator[Place]:
    """A machine that has the sources, and nothing else."""
    with make_folder() as folder, ExitStack() as stack:
        for name in FOUND:
            (folder / name).mkdir(parents=True)
        database = f"sqlite:///{folder}/var/lib/quartapp/quartapp.db"
        closed = f"https://127.0.0.1:{free_port()}"  # where nobody answers
        changed = {"DATABASE_URL": database, "PUBLIC_URL": closed, "SHUTDOWN_LAME_DUCK": "0.1"}
        place = Place(folder, nursery, stack, changed)
        (place.home / "deploy").symlink_to(ROOT / "deploy")
        (place.home / "hypercorn.toml").write_text(
            place.settle((ROOT / "hypercorn.toml").read_text())
        )
        yield place


def furnish(place: Place, database: Path) -> None:
    """Put there what an installation has when it goes on: settings, a key, a database."""
    (place.folder / SETTINGS).parent.mkdir()
    shutil.copy(ROOT / "deploy" / "quartapp.env.example", place.folder / SETTINGS)
    key = (place.folder / SETTINGS).with_name("secret_key")
    key.write_text(os.urandom(32).hex())
    key.chmod(0o640)
    (place.folder / "var" / "lib" / "quartapp").mkdir(mode=0o700)
    shutil.copy(database, place.folder / "var" / "lib" / "quartapp" / "quartapp.db")
