"""The small projects that the tests of manage.py work in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.manage.project import call, make_project, start


@pytest.fixture(scope="session")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project for all tests, as it takes seconds to make a .venv."""
    return make_project(tmp_path_factory.mktemp("manage") / "a site ü")


@pytest.fixture(scope="session")
def first_calls(_project: Path) -> list[tuple[int, str, str]]:
    """Two first calls at the same moment."""
    processes = [start(_project, "hello"), start(_project, "hello")]
    outputs = [process.communicate(timeout=60) for process in processes]
    return [(p.returncode, *output) for p, output in zip(processes, outputs, strict=True)]


@pytest.fixture
def project(_project: Path, first_calls: object) -> Iterator[Path]:
    """A project that is installed; what a test writes into its sources is undone."""
    sources = ["pyproject.toml", "requirements.lock", "requirements-dev.lock"]
    kept = {name: (_project / name).read_text() for name in sources}
    call(_project, "test")
    yield _project
    for name, text in kept.items():
        (_project / name).write_text(text)


@pytest.fixture
def empty_project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")
