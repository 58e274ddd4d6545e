"""Passwords are hashed within the system calls that the units allow, and where they allow less."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.deploy.test_files import UNITS
from tests.nginx import ROOT
from tests.processes import run

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd is not installed"
)
HASH = """
import asyncio, os, threading
from quartapp.security import check_password, hash_password, threads
hashed = asyncio.run(hash_password("correct horse battery staple"))
assert asyncio.run(check_password("correct horse battery staple", hashed))
rank = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
print("after" if threads.submit(rank).result() > rank() else "beside")
"""


def hash_under(unit: Path) -> str:
    """Return whether the thread that hashes comes after the one that serves, or is its equal."""
    sandbox = ["-P", str(ROOT / "tests" / "deploy" / "sandbox.py"), unit]
    return run([sys.executable, *sandbox, sys.executable, "-c", HASH])


def test_units_let_passwords_be_hashed_after_everything_else() -> None:
    assert hash_under(UNITS[0]) == "after\n"


def test_password_is_hashed_where_threads_have_no_rank(tmp_path: Path) -> None:
    unit = tmp_path / "quartapp@.service"
    unit.write_text(UNITS[0].read_text().replace("SystemCallFilter=setpriority\n", ""))

    assert hash_under(unit) == "beside\n"
