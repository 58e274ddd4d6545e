"""Commands: run in this process, or as programs that have a folder and settings of their own."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from quart import Quart

from quartapp import create_app
from quartapp.extensions import db
from tests.cli.backing import Make
from tests.conftest import PATIENT
from tests.databases import create_database, drop_database
from tests.helpers import PASSWORD

ROOT = Path(__file__).parents[2]
MAIN = "from quartapp.cli import main; main(prog_name='quartapp')"

Invoke = Callable[..., Result]
Ask = Callable[[Coroutine[Any, Any, Any]], Any]
Finished = subprocess.CompletedProcess[str]


@pytest.fixture
def new_app(tmp_path: Path) -> Quart:
    """An app on a database that is still empty, for commands, which run a loop themselves."""
    settings = {"TESTING": True, "DATABASE_URL": "sqlite:///test.db", "INSTANCE_PATH": tmp_path}
    return create_app(settings)


@pytest.fixture
def invoke(new_app: Quart) -> Invoke:
    """Run a command of the app: `invoke("db", "upgrade")`."""
    runner = new_app.test_cli_runner()
    return lambda *arguments, **given: runner.invoke(args=arguments, **given)


@pytest.fixture
def ask(new_app: Quart) -> Ask:
    """Find out what a command left behind: `ask(list_events())`."""

    async def work(question: Coroutine[Any, Any, Any]) -> Any:
        async with new_app.app_context():
            try:
                return await question
            finally:
                await db.engine.dispose()

    return lambda question: asyncio.run(work(question))


@pytest.fixture
def _people(invoke: Invoke) -> None:
    """Ann, an editor, and root, an administrator."""
    invoke("db", "upgrade")
    for name, role in (("ann", "editor"), ("root", "admin")):
        options = ["--role", role, "--password-stdin"]
        result = invoke("user", "create", name, *options, input=f"{PASSWORD}\n")
        assert result.output == f"{name} may sign in, as {role}.\n"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """The environment of a program: a database of its own, and the sources in reach."""
    own = {"APP_SETTINGS": "dev", "INSTANCE_PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own}


@pytest.fixture
def make_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return an app on a database without tables: `make_app("postgres")`."""
    with ExitStack() as stack:

        def make(kind: str) -> Quart:
            folder = tmp_path / f"{kind}-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            url = f"sqlite:///{folder}/test.db"
            if kind != "sqlite":
                server = request.getfixturevalue(f"{kind}_server")
                url = create_database(server)
                stack.callback(drop_database, server, url.rpartition("/")[2])
            place = {"DATABASE_URL": url, "INSTANCE_PATH": folder}
            return create_app({"TESTING": True, **place, **PATIENT})

        yield make
