"""A disk that is small enough to be full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import find_user, give_to

BALLAST = 1_000_000  # bytes that can be given back


@contextmanager
def mount_disk(folder: Path) -> Iterator[None]:
    """Put a disk of 4 MB at *folder*, with `data/` for servers, and ballast; root alone may."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        (folder / "ballast").write_bytes(b"x" * BALLAST)
        (folder / "data").mkdir()
        give_to(folder / "data", find_user())
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
