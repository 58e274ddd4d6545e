"""The small projects that the tests of manage.py work in."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.manage.project import call, make_project, start


@pytest.fixture(scope="session")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project for all tests, as it takes seconds to make a .venv."""
    return make_project(tmp_path_factory.mktemp("manage") / "a site ü")


@pytest.fixture(scope="session")
def interrupted_call(_project: Path) -> tuple[int, str]:
    """The very first call, and Ctrl-C while it installs: its exit code and last line."""
    with start(_project, "hello") as process:
        while not (_project / ".venv/lib").exists():
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        stderr = process.communicate(timeout=60)[1]
    return process.returncode, stderr.splitlines()[-1]


@pytest.fixture(scope="session")
def first_calls(_project: Path, interrupted_call: object) -> list[tuple[int, str, str]]:
    """Two calls at the same moment, after the one that was interrupted."""
    processes = [start(_project, "hello"), start(_project, "hello")]
    outputs = [process.communicate(timeout=60) for process in processes]
    call(_project, "bench")  # now the packages for development are there as well
    return [(p.returncode, *output) for p, output in zip(processes, outputs, strict=True)]


@pytest.fixture
def project(_project: Path, first_calls: object) -> Iterator[Path]:
    """A project that is installed; what a test writes into its sources is undone."""
    sources = ["pyproject.toml", "requirements.lock", "requirements-dev.lock"]
    kept = {name: (_project / name).read_text() for name in sources}
    yield _project
    if any((_project / name).read_text() != text for name, text in kept.items()):
        for name, text in kept.items():
            (_project / name).write_text(text)
        call(_project, "test")


@pytest.fixture
def empty_project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")
