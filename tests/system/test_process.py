import os
from pathlib import Path

import pytest

from quartapp.system import process
from quartapp.system.process import Disk, list_disks, read_memory, read_versions


def make_config(folder: Path, **given: str) -> dict[str, str]:
    return {"INSTANCE_PATH": str(folder), "DATABASE_URL": "sqlite://", "LOG_FILE": "", **given}


def test_disks_are_those_that_are_written_to(tmp_path: Path) -> None:
    usage = os.statvfs(tmp_path)
    total = usage.f_blocks * usage.f_frsize
    database = f"sqlite:///{tmp_path}/a.db"
    given = {"DATABASE_URL": database, "LOG_FILE": str(tmp_path / "app.log")}
    found = list_disks(make_config(tmp_path, **given))
    assert [(disk.place, disk.total) for disk in found] == [
        ("instance", total),
        ("database", total),
        ("log", total),
    ]
    assert all(0 <= disk.free <= total for disk in found)


def test_folder_that_is_not_there_has_no_disk(tmp_path: Path) -> None:
    assert list_disks(make_config(tmp_path / "missing")) == []
    server = make_config(tmp_path, DATABASE_URL="postgresql://u:x@db/app")
    assert [disk.place for disk in list_disks(server)] == ["instance"]
    assert isinstance(list_disks(server)[0], Disk)


def test_memory_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert 10_000_000 < (read_memory() or 0) < 10_000_000_000
    monkeypatch.setattr(process, "STATM", tmp_path / "missing")
    assert read_memory() is None


def test_versions_are_told_of_what_is_installed() -> None:
    assert list(read_versions()) == ["quartapp", "quart", "sqlalchemy", "python"]
    assert process.read_version("no-such-package") == ""
