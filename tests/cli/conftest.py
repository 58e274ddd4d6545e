"""Commands: run in this process, or as programs that have a folder and settings of their own."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from quart import Quart

from quartapp import create_app

ROOT = Path(__file__).parents[2]
MAIN = "from quartapp.cli import main; main(prog_name='quartapp')"

Invoke = Callable[..., Result]
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
def settings(tmp_path: Path) -> dict[str, str]:
    """The environment of a program: a database of its own, and the sources in reach."""
    own = {"APP_SETTINGS": "dev", "INSTANCE_PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own}
