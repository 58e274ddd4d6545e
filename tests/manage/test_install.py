"""How manage.py makes .venv and keeps it sound, and what it says when it cannot."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.manage.project import (
    PYPROJECT,
    VERSION,
    call,
    called,
    environment,
    failure,
    make_wheel,
    start,
)
from tests.processes import PATIENCE, free_port, read_terminal

UNREACHABLE = (
    "manage.py: The packages cannot be fetched. Check the network, and pip's settings of index "
    "and proxy. All that was said is in .venv/install.log"
)


def test_interrupted_call_says_so(interrupted_call: tuple[int, str]) -> None:
    assert interrupted_call == (130, "manage.py: Stopped. The next call goes on from here")


def test_two_calls_after_an_interrupted_one_install_once_and_both_go_on(
    first_calls: list[tuple[int, str, str]],
) -> None:
    outputs = sorted((stderr.splitlines() for _, _, stderr in first_calls), key=len)

    assert outputs == [
        ["Waiting for another manage.py, which is installing"],
        [
            f"Making .venv with Python {VERSION}",
            "Installing requirements.lock",
            "Installing pyproject.toml",
        ],
    ]
    assert [code for code, _, _ in first_calls] == [0, 0]
    assert [json.loads(stdout)[2:] for _, stdout, _ in first_calls] == [["quart", "hello"]] * 2


def test_changed_lock_is_installed_over_what_is_there(project: Path, tmp_path: Path) -> None:
    lock = "".join(make_wheel(tmp_path, f"package{number:02}") for number in range(12))
    (project / "requirements.lock").write_text(f"{lock}other==1 ; python_version < '3'\n")

    code, _, stderr = call(project, "hello", PIP_FIND_LINKS=str(tmp_path))

    steps = ["Installing requirements.lock", "  10 of 12 packages", "  12 of 12 packages"]
    assert (code, stderr) == (0, steps)
    assert list(project.glob(".venv/lib/*/site-packages/package11-1.dist-info"))


def test_terminal_counts_in_one_place(project: Path, tmp_path: Path) -> None:
    lock = "".join(make_wheel(tmp_path, name) for name in ("first", "second"))
    (project / "requirements.lock").write_text(lock)
    reader, writer = pty.openpty()

    with os.fdopen(reader) as terminal:
        command = [sys.executable, str(project / "manage.py"), "hello"]
        settings = environment(PIP_FIND_LINKS=str(tmp_path))
        with os.fdopen(writer) as stderr:
            subprocess.run(
                command, env=settings, stdout=subprocess.DEVNULL, stderr=stderr, check=True
            )
        shown = read_terminal(terminal.fileno())

    counts = "  1 of 2 packages\r  2 of 2 packages\r\n"
    assert shown == f"Installing requirements.lock\r\n{counts}"


def test_wrong_hash_is_refused_and_the_venv_stays_as_it_was(project: Path, tmp_path: Path) -> None:
    before = (project / "requirements.lock").read_text()
    make_wheel(tmp_path, "changed")
    (project / "requirements.lock").write_text(f"changed==1 --hash=sha256:{'0' * 64}\n")

    line = failure(project, "hello", PIP_FIND_LINKS=str(tmp_path))

    assert line == (
        "manage.py: A package is not the one that the lock names. Find out why; if it is meant to "
        "be, make the locks anew (CONTRIBUTING.md). All that was said is in .venv/install.log"
    )
    assert "0" * 64 in (project / ".venv/install.log").read_text()
    (project / "requirements.lock").write_text(before)
    assert called(project, "hello") == ["quart", "hello"]


def test_unreachable_index_is_told_in_one_line(project: Path) -> None:
    (project / "requirements.lock").write_text(f"far==1 --hash=sha256:{'0' * 64}\n")
    index = f"https://127.0.0.1:{free_port()}/"

    line = failure(project, "hello", PIP_NO_INDEX="0", PIP_INDEX_URL=index)

    assert line == UNREACHABLE


def test_unreachable_download_is_told_in_one_line(project: Path, tmp_path: Path) -> None:
    (project / "requirements.lock").write_text(f"far==1 --hash=sha256:{'0' * 64}\n")
    links = tmp_path / "links.html"
    url = f"https://127.0.0.1:{free_port()}/far-1-py3-none-any.whl"
    links.write_text(f'<!DOCTYPE html><a href="{url}">far</a>')

    line = failure(project, "hello", PIP_FIND_LINKS=str(links))

    assert line == UNREACHABLE


def test_dependency_without_a_lock_is_told_in_one_line(project: Path) -> None:
    text = PYPROJECT.replace("dependencies = []", 'dependencies = ["new>=1"]')
    (project / "pyproject.toml").write_text(text)

    # An index that pip must not even try.
    index = {"PIP_INDEX_URL": f"https://127.0.0.1:{free_port()}/", "PIP_NO_INDEX": "0"}
    line = failure(project, "hello", **index, PIP_RETRIES="1")

    assert line == (
        "manage.py: The locks do not fit pyproject.toml or this Python. Make the locks anew "
        "(CONTRIBUTING.md). All that was said is in .venv/install.log"
    )


def test_package_without_a_hash_is_refused_in_the_words_of_pip(
    project: Path, tmp_path: Path
) -> None:
    pin, _ = make_wheel(tmp_path, "naked").split(" ")
    (project / "requirements.lock").write_text(f"{pin}\n")

    line = failure(project, "hello", PIP_FIND_LINKS=str(tmp_path))

    assert line.startswith("manage.py: Hashes are required in --require-hashes mode, but ")
    assert line.endswith(". All that was said is in .venv/install.log")


def test_missing_lock_is_told_in_one_line(empty_project: Path) -> None:
    (empty_project / "requirements.lock").unlink()

    line = failure(empty_project, "hello")

    remedy = "Get it back: git checkout requirements.lock"
    assert line == f"manage.py: requirements.lock is missing. {remedy}"


def test_missing_program_is_told_in_one_line(project: Path) -> None:
    quart = project / ".venv/bin/quart"
    quart.rename(quart.with_name("kept"))
    try:
        line = failure(project, "hello")
    finally:
        quart.with_name("kept").rename(quart)

    assert line == f"manage.py: {quart} is missing. Delete .venv and try again"


@pytest.mark.parametrize(
    "said",
    [
        "No module named venv",
        "The virtual environment was not created successfully because ensurepip is not available.",
    ],
)
def test_python_without_venv_is_told_in_one_line(empty_project: Path, said: str) -> None:
    break_venv(empty_project, said)

    line = failure(empty_project, "hello")

    assert line == (
        "manage.py: This Python lacks its venv module. Debian and Ubuntu: "
        f"apt install python{VERSION}-venv. All that was said is in .venv/install.log"
    )


def test_folder_that_cannot_be_written_is_told_in_one_line(empty_project: Path) -> None:
    # Root may write anywhere, unless it has given that up.
    humble = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    command: list[str | Path] = [*humble, sys.executable, empty_project / "manage.py", "hello"]
    empty_project.chmod(0o555)
    try:
        done = subprocess.run(
            command, env=environment(), capture_output=True, check=False, text=True
        )
    finally:
        empty_project.chmod(0o755)

    error = f"[Errno 13] Permission denied: '{empty_project}/.venv'"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == [
        f"manage.py: {error}. Is this folder yours to write, and is there room?"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_installation_leaves_no_process_behind(
    empty_project: Path, number: signal.Signals
) -> None:
    begun = empty_project / "begun"
    slow = f"open({str(begun)!r}, 'w').close(); import time; time.sleep(99)"
    (empty_project / "venv.py").write_text(slow)
    with start(empty_project, "hello") as process:
        assert process.stderr
        process.stderr.readline()
        wait_for(begun)
        process.send_signal(number)  # to the one process: a supervisor does not reach the others
        stdout, stderr = process.communicate(timeout=PATIENCE)

    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines() == ["manage.py: Stopped. The next call goes on from here"]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.01)


def lose_python(venv: Path) -> None:
    (venv / "bin/python").symlink_to(venv / "gone")


def change_python(venv: Path) -> None:
    (venv / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    (venv / "bin/python").chmod(0o755)


@pytest.mark.parametrize("harm", [lose_python, change_python])
def test_venv_whose_python_is_gone_or_another_is_made_anew(
    project: Path, harm: Callable[[Path], None]
) -> None:
    python = project / ".venv/bin/python"
    link = python.readlink()
    python.unlink()
    harm(project / ".venv")

    steps = steps_with_broken_venv(project)

    python.unlink()
    python.symlink_to(link)
    assert steps == [f"Making .venv with Python {VERSION}"]
    assert called(project, "hello") == ["quart", "hello"]


def test_venv_with_a_damaged_stamp_is_made_anew(project: Path) -> None:
    stamp = project / ".venv/installed.json"
    text = stamp.read_text()
    stamp.write_text(text[:-5])

    steps = steps_with_broken_venv(project)

    stamp.write_text(text)
    assert steps == [f"Making .venv with Python {VERSION}"]


def test_venv_that_a_package_half_entered_is_made_anew(project: Path, tmp_path: Path) -> None:
    lock = make_wheel(tmp_path, "bad", {"entry_points.txt": "[console_scripts]\nbad = \n"})
    (project / "requirements.lock").write_text(lock)
    stamp = project / ".venv/installed.json"
    text = stamp.read_text()

    line = failure(project, "hello", PIP_FIND_LINKS=str(tmp_path))
    steps = steps_with_broken_venv(project)

    stamp.write_text(text)
    assert not line.startswith("manage.py: Exception")
    assert steps == [f"Making .venv with Python {VERSION}"]


def test_venv_of_a_moved_folder_is_made_anew(project: Path) -> None:
    moved = project.rename(project.with_name("moved"))

    steps = steps_with_broken_venv(moved)

    moved.rename(project)
    assert steps == [f"Making .venv with Python {VERSION}"]


def steps_with_broken_venv(project: Path) -> list[str]:
    """Return the steps up to the making of a .venv, which fails, as it takes seconds."""
    break_venv(project, "This venv module fails")
    *steps, _ = call(project, "hello")[2]
    (project / "venv.py").unlink()
    return steps


def break_venv(project: Path, said: str) -> None:
    (project / "venv.py").write_text(f"import sys; sys.exit({said!r})")
