"""What must pass before a commit: `python3 manage.py check` calls this in .venv."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hardening.mutate import NEAR

ROOT = Path(__file__).parents[1]
VERSION = "{}.{}".format(*sys.version_info)
SECOND_VERSION = "3.13"

# One process a core, each with servers of its own; who is done takes from the others.
PARALLEL = "-n auto --maxprocesses 4 --dist worksteal"
# What repeats on a second database, or for every route, what other tests have covered: measuring it
# takes five times as long, and tells nothing new, except of who waits for a key, or for a user.
AGAIN = (
    "(postgres and not (test_idempotency or test_link)) or mariadb or hardening or chaos"
    " or test_matrix or test_forgery"
)
# What takes minutes, or reads the sources, and does not look at what differs between Pythons.
ONCE = "contract or properties or chaos or asvs or tools"
CHECKS = {
    "style": ["ruff check .", "ruff format --check ."],
    "types": ["mypy"],
    "migrations": ["alembic upgrade head", "alembic check"],
    "tests": [
        f"pytest --cov --cov-report= {PARALLEL} -k 'not ({AGAIN})'",
        "coverage report --fail-under=95",
        f"coverage report --include={','.join(NEAR)} --fail-under=100",
    ],
    "tests again": [f"pytest {PARALLEL} -k '{AGAIN}'"],
}


def main() -> None:
    """Run every check, also after a failure, and sum up."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        places = {"COVERAGE_FILE": f"{folder}/data", "DATABASE_URL": f"sqlite:///{folder}/db"}
        for title, commands in CHECKS.items():
            steps = [[sys.executable, "-m", *shlex.split(command)] for command in commands]
            results[title] = all(call(step, **places, FIGURES=folder) == 0 for step in steps)
        if results["tests"] and results["tests again"]:  # else it would be no proof
            step = [sys.executable, "-m", "tests.figures"]  # into docs/evidence/hardening.md
            results["figures"] = call(step, FIGURES=folder) == 0
    second, python = f"tests on {SECOND_VERSION}", find_python(SECOND_VERSION)
    if VERSION != SECOND_VERSION and python:
        options = [*PARALLEL.split(), "-m", f"not ({ONCE})"]
        command = [python, str(ROOT / "manage.py"), "test", *options]
        results[second] = call(command, VENV_SUFFIX=f"-{SECOND_VERSION}") == 0

    print()
    for title, passed in results.items():
        print(f"{title:16}{'ok' if passed else 'FAILED'}")
    if VERSION != SECOND_VERSION and not python:
        print(f"{second:16}not run: there is no Python {SECOND_VERSION} here")
    sys.exit(not all(results.values()))


def call(command: list[str], **settings: str) -> int:
    print(f"\n{shlex.join(command[1:])}", flush=True)
    with subprocess.Popen(command, env={**os.environ, **settings}) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C has reached it as well: let it clean up
            raise


def find_python(version: str) -> str:
    """Look on PATH, where pyenv puts names of Pythons that are switched off, and in pyenv."""
    home = Path(os.environ.get("HOME", ROOT))
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    found = pyenv.glob(f"versions/{version}.*") if os.access(pyenv, os.R_OK) else []
    for python in (f"python{version}", *(f"{folder}/bin/python" for folder in sorted(found))):
        command = [shutil.which(python) or "", "-c", ""]
        if command[0] and subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
            return command[0]
    return ""


if __name__ == "__main__":
    main()
