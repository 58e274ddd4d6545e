"""A project in small for manage.py: nothing is fetched, everything is real."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = "{}.{}".format(*sys.version_info)

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "quartapp"
version = "1"
dependencies = []
scripts = { quart = "program:main", quartapp = "program:main" }
"""

# A build backend that needs nothing installed: it makes editable wheels only.
BACKEND = """\
import os, tomllib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    needs = "".join(f"Requires-Dist: {name}\\n" for name in project["dependencies"])
    scripts = "".join(f"{name} = {call}\\n" for name, call in project["scripts"].items())
    info = "quartapp-1.dist-info/"
    files = {
        "quartapp.pth": os.getcwd(),
        info + "METADATA": "Metadata-Version: 2.1\\nName: quartapp\\nVersion: 1\\n" + needs,
        info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\n" + scripts,
        info + "RECORD": "",
    }
    with zipfile.ZipFile(folder + "/quartapp-1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "quartapp-1-py3-none-any.whl"
"""

# Stands for quart, quartapp, pytest, ruff and so on: says how it was called.
PROGRAM = """\
import json, os, sys

def main():
    name = os.path.basename(sys.argv[0])
    print(json.dumps([os.getpid(), os.getcwd(), name, *sys.argv[1:]]), flush=True)
    if "DATABASE_URL" in os.environ:
        assert os.path.isdir(os.environ["DATABASE_URL"].partition("///")[2].rpartition("/")[0])
    sys.exit(7 if name in os.environ.get("FAILING", "") else 0)

if __name__ == "__main__":
    main()
"""
TOOLS = ["benchmarks", "pytest", "ruff", "mypy", "coverage", "alembic", "tests/figures"]


def make_project(folder: Path) -> Path:
    (folder / "tests" / "hardening").mkdir(parents=True)
    for file in ("manage.py", "tests/check.py", "tests/hardening/mutate.py"):
        shutil.copy(ROOT / file, folder / file)
    for name in ["program", *TOOLS]:
        (folder / f"{name}.py").write_text(PROGRAM)
    (folder / "tests" / "chaos").mkdir(parents=True)
    (folder / "tests" / "chaos" / "__main__.py").write_text(PROGRAM)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "requirements.lock").write_text("")
    (folder / "requirements-dev.lock").write_text("")
    (folder / "requirements-bench.lock").write_text("")
    return folder


def make_wheel(folder: Path, name: str, more: Mapping[str, str] | None = None) -> str:
    """Make a package of nothing and return its line in a lock."""
    path = folder / f"{name}-1-py3-none-any.whl"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        **(more or {}),
        "RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(f"{name}-1.dist-info/{file}", text)
    return f"{name}==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def environment(**changes: str) -> dict[str, str]:
    """Nothing of the outside but pip's word not to look there."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_RETRIES": "0",
        **changes,
    }


def start(project: Path, *words: str, **changes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, project / "manage.py", *words],
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def call(project: Path, *words: str, **changes: str) -> tuple[int, list[str], list[str]]:
    """Return the exit code and the lines of both outputs."""
    with start(project, *words, **changes) as process:
        stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout.splitlines(), stderr.splitlines()


def called(project: Path, *words: str, **changes: str) -> list[str]:
    """Call with success and in silence; return what the program saw: name and arguments."""
    code, stdout, stderr = call(project, *words, **changes)
    assert (code, stderr) == (0, [])
    _, folder, *command = json.loads(stdout[0])
    assert folder == str(project)
    return list(command)


def failure(project: Path, *words: str, **changes: str) -> str:
    """Fail with one line after the steps shown, and return the line."""
    code, stdout, stderr = call(project, *words, **changes)
    assert (code, stdout) == (1, [])
    *steps, line = stderr
    assert all(step.startswith(("Making ", "Installing ", "  ")) for step in steps), stderr
    return line
