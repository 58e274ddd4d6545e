"""The words of manage.py and what they hand over to."""

import ast
import json
import os
import re
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.hardening.mutate import NEAR
from tests.manage.project import (
    ROOT,
    VERSION,
    call,
    called,
    failure,
    start,
)
from tests.processes import free_port

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"]
PARALLEL = "-n auto --maxprocesses 4 --dist worksteal"
AGAIN = (
    "(postgres and not (test_idempotency or test_link)) or mariadb or hardening or chaos"
    " or test_matrix or test_forgery"
)


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_needs_no_installation(empty_project: Path, words: list[str]) -> None:
    code, stdout, stderr = call(empty_project, *words)

    assert (code, stderr) == (0, [])
    assert [line.split()[2] for line in stdout[:6]] == [
        *("run", "test", "check", "bench", "chaos", "help")
    ]
    assert not (empty_project / ".venv").exists()


def test_any_other_word_goes_to_quart_in_the_root_of_the_project(project: Path) -> None:
    assert called(project, "db", "upgrade", "--help") == ["quart", "db", "upgrade", "--help"]


def test_check_with_more_words_is_the_one_of_quart(project: Path) -> None:
    assert called(project, "check", "run", "zwei") == ["quart", "check", "run", "zwei"]


def test_manage_becomes_the_program_with_its_signals_and_exit_code(project: Path) -> None:
    with start(project, "routes", FAILING="quart") as process:
        pid, *_ = json.loads(process.communicate(timeout=60)[0])

    assert (pid, process.returncode) == (process.pid, 7)


def test_run_serves_on_the_loopback_port_5000(project: Path) -> None:
    if is_taken(5000):
        pytest.skip("somebody listens on port 5000")

    assert called(project, "run") == ["quartapp", "run", "--host", "127.0.0.1", "--port", "5000"]


@pytest.mark.parametrize(("word", "option"), [("run", "--port"), ("runserver", "-p")])
def test_run_hands_on_host_port_and_what_it_does_not_know(
    project: Path, word: str, option: str
) -> None:
    port = str(free_port())

    command = called(project, word, "--host", "localhost", option, port, "--reload")

    assert command == ["quartapp", "run", "--host", "localhost", "--port", port, "--reload"]


def test_taken_port_is_told_before_anything_is_installed(empty_project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = failure(empty_project, "run", "--port", str(port))

    remedy = f"python3 manage.py run --port {port + 1}"
    assert line == f"manage.py: Port {port} is taken. Try: {remedy}"
    assert not (empty_project / ".venv").exists()


def test_help_of_run_is_shown_while_it_serves(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = called(project, "run", "--port", port, "--help")

    assert command == ["quartapp", "run", "--host", "127.0.0.1", "--port", port, "--help"]


@pytest.mark.parametrize("options", [["--host", "nosuch.invalid"], ["--port", "99999"]])
def test_address_that_is_none_is_told_in_one_line(empty_project: Path, options: list[str]) -> None:
    line = failure(empty_project, "run", *options)

    assert line.startswith("manage.py: Cannot listen on ")
    assert line.endswith(". Choose another --host or --port")


def test_test_hands_its_options_to_pytest(project: Path) -> None:
    assert called(project, "test", "-k", "bug") == ["pytest.py", "-k", "bug"]


def test_bench_hands_its_options_to_the_benchmark(project: Path) -> None:
    assert called(project, "bench", "--quick") == ["benchmarks.py", "--quick"]


def test_chaos_hands_its_options_on(project: Path) -> None:
    assert called(project, "chaos", "--seed", "7") == ["__main__.py", "--seed", "7"]


def test_whole_suite_runs_on_all_cores(project: Path) -> None:
    assert called(project, "test") == ["pytest.py", *PARALLEL.split()]


def test_check_runs_the_tools_and_the_suite_on_a_second_python(
    project: Path, tmp_path: Path
) -> None:
    code, stdout, stderr = call(project, "check", PATH=str(put_second_python(tmp_path)))

    assert [" ".join(json.loads(line)[2:]) for line in stdout if line.startswith("[")] == [
        "ruff.py check .",
        "ruff.py format --check .",
        "mypy.py",
        "alembic.py upgrade head",
        "alembic.py check",
        f"pytest.py --cov --cov-report= {PARALLEL} -k not ({AGAIN})",
        "coverage.py report --fail-under=95",
        f"coverage.py report --include={','.join(NEAR)} --fail-under=100",
        f"pytest.py {PARALLEL} -k {AGAIN}",
        "figures.py",
        *([] if VERSION == "3.13" else ["-3.13 test"]),
    ]
    assert {line.split()[-1] for line in stdout[-5:]} == {"ok"}
    assert (code, stderr) == (0, [])


def test_check_goes_on_after_a_failure_and_sums_up(project: Path, tmp_path: Path) -> None:
    path = str(put_second_python(tmp_path))

    code, stdout, stderr = call(project, "check", PATH=path, FAILING="ruff.py, coverage.py")

    assert stdout[stdout.index("style           FAILED") :] == [
        "style           FAILED",
        "types           ok",
        "migrations      ok",
        "tests           FAILED",
        "tests again     ok",
        *([] if VERSION == "3.13" else ["tests on 3.13   ok"]),
    ]
    assert (code, sum('"coverage.py"' in line for line in stdout), stderr) == (1, 1, [])


def put_second_python(folder: Path) -> Path:
    """Put a python3.13 into the folder that says which .venv and word it was given."""
    python = folder / "python3.13"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "[1, 2, \\"$VENV_SUFFIX $2\\"]"\n')
    python.chmod(0o755)
    return folder


@pytest.mark.skipif(VERSION == "3.13", reason="this is the second Python")
def test_check_says_that_there_is_no_second_python(project: Path, tmp_path: Path) -> None:
    code, stdout, stderr = call(project, "check", PATH=str(tmp_path), PYENV_ROOT=str(tmp_path))

    assert stdout[-1] == "tests on 3.13   not run: there is no Python 3.13 here"
    assert (code, stderr) == (0, [])


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_old_pythons() -> list[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = sorted(pyenv.iterdir()) if os.access(pyenv, os.R_OK) else []
    old = [folder / "bin/python" for folder in folders if re.match(r"3\.([6-9]|10)\.", folder.name)]
    old += [Path(f"/usr/bin/python3.{minor}") for minor in range(6, 11)]
    return [str(python) for python in old if python.exists()]


@pytest.mark.skipif(not find_old_pythons(), reason="there is no old Python here")
@pytest.mark.parametrize("python", find_old_pythons())
def test_old_python_is_told_in_one_line(python: str) -> None:
    done = subprocess.run([python, ROOT / "manage.py"], capture_output=True, text=True, check=False)

    line = "manage.py: This needs Python 3.11 or newer. Try: python3.13 manage.py\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


def test_syntax_is_one_that_an_old_python_reads() -> None:
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_pins_with_hashes_and_nothing_else(name: str) -> None:
    text = (ROOT / name).read_text()

    entries = re.sub(r"(?m)^ *#.*\n", "", text).replace(" \\\n", " ").splitlines()
    pin = r"[a-z0-9-]+==[^ ]+( ; [^#@:]+?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert [entry for entry in entries if not re.fullmatch(pin, entry)] == []
    assert "://" not in text


@pytest.mark.parametrize(("small", "large"), list(pairwise(LOCKS)))
def test_lock_holds_the_one_before(small: str, large: str) -> None:
    assert read_pins(small) - read_pins(large) == set()


def read_pins(name: str) -> set[str]:
    return set(re.findall("(?m)^[^ #]+==[^ ]+", (ROOT / name).read_text()))
