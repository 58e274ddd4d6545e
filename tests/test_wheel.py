"""What `pip wheel` makes: installed somewhere else, it migrates and serves."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import list_revisions
from tests.outside import Address, ask
from tests.processes import Program, free_port, make_folder, running, says

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment."""
    folder = tmp_path_factory.mktemp("environment")
    call(Path(sys.executable), "-m", "venv", folder)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(folder)]
    call(python, "-m", "pip", "wheel", *options, ROOT, PYTHONPATH=":".join(find_libraries()))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def program(python: Path, wheel: Path) -> Path:
    """The installed `quartapp`; the libraries that it needs are lent by this Python."""
    call(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    command = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(call(python, "-c", command).strip())
    (folder / "lent.pth").write_text("\n".join(find_libraries()))
    return python.with_name("quartapp")


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder, far from the sources."""
    with make_folder() as folder:
        yield folder


def find_libraries() -> list[str]:
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def call(program: Path, *arguments: str | Path, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def list_files(folder: Path, prefix: str) -> set[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {f"{prefix}/{path}" for path in files if "__pycache__" not in path.parts}


def test_wheel_holds_the_package_and_the_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}

    migrations = list_files(ROOT / "alembic", "quartapp/_alembic/alembic")
    configuration = {"quartapp/_alembic/alembic.ini"}
    assert found == list_files(ROOT / "quartapp", "quartapp") | migrations | configuration


def test_wheel_says_what_it_is_and_under_which_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        licence = archive.read(f"{info}/licenses/LICENSE").decode()

    assert "\nLicense-Expression: BSD-3-Clause\n" in metadata
    assert licence == (ROOT / "LICENSE").read_text()
    assert metadata.partition("\n\n")[2] == (ROOT / "README.md").read_text()


def test_installed_wheel_migrates_and_serves_in_an_empty_folder(program: Path, place: Path) -> None:
    migrated = call(program, "db", "upgrade", cwd=place)
    port = free_port()
    with running(place, [program, "run", "--port", str(port)], lambda: is_up(port)) as process:
        address = ("127.0.0.1", port)
        answers = [ask(address, path).status for path in ("/livez", "/readyz", "/api/v1/docs")]
        style = find_style(address)
        code = stop(process)

    assert re.findall(r"Running upgrade \w* -> (\w+)", migrated) == list_revisions()
    assert answers == [200, 200, 200]
    assert style == (ROOT / "quartapp" / "static" / "app.css").read_text()
    assert code == 0


def is_up(port: int) -> bool:
    return says(port, b"GET /livez HTTP/1.0\r\n\r\n", b" 200 ")


def find_style(address: Address) -> str:
    """Return the style sheet that the page of the login names."""
    found = re.search(r'rel="stylesheet" href="([^"]+)"', ask(address, "/auth/login").body)
    assert found
    return ask(address, found[1]).body


def stop(process: Program) -> int:
    process.send(signal.SIGTERM)
    return process.wait()
