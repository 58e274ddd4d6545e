"""What the operating system says of this process, and of the disks that it writes to."""

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from quartapp.database.url import find_file, parse_url
from quartapp.texts import Text

STATM = Path("/proc/self/statm")
PLACES = {
    "instance": Text("Files of this installation"),
    "database": Text("The database"),
    "log": Text("The log"),
}


@dataclass(frozen=True, slots=True)
class Process:
    """The process that answers; `lag` is how late its event loop was at most in a minute."""

    id: int
    started_at: datetime
    memory: int | None  # bytes; None: this system does not tell
    lag: float  # s


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk under one of `PLACES`; it may be the same for several."""

    place: str
    free: int  # bytes
    total: int


@cache
def read_versions() -> dict[str, str]:
    packages = {name: read_version(name) for name in ("quartapp", "quart", "sqlalchemy")}
    return {**packages, "python": platform.python_version()}


def read_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""  # served from the sources, where nobody has installed it


def read_memory() -> int | None:
    """Return the bytes that this process has in memory."""
    try:
        pages = int(STATM.read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def find_folders(config: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    yield "instance", Path(config["INSTANCE_PATH"])
    if file := find_file(parse_url(config["DATABASE_URL"])):
        yield "database", file.parent
    if config["LOG_FILE"]:
        yield "log", Path(config["LOG_FILE"]).absolute().parent


def list_disks(config: Mapping[str, Any]) -> list[Disk]:
    """Return how much is free where this process writes; waits for the disks."""
    found = []
    for place, folder in find_folders(config):
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            continue  # a folder that nobody has made yet
        found.append(Disk(place, usage.free, usage.total))
    return found
