"""Compiled templates, kept for the next start: 120 of them take 0.5 s to compile, 0.02 to read."""

import os
import stat
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

WRITABLE_BY_OTHERS = 0o022


class TemplateCache(FileSystemBytecodeCache):
    """What cannot be kept is compiled again."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full disk, a folder that has gone
            super().dump_bytecode(bucket)


def open_compiled(instance: Path) -> TemplateCache | None:
    """Return the cache in *instance*; none without that folder, or where others may write."""
    try:
        folder = instance / "templates" / name_versions()
        places = instance, folder.parent, folder
        for one in places[1:]:
            one.mkdir(mode=0o700, exist_ok=True)
        are_ours = all(map(is_ours, places))
    except (OSError, PackageNotFoundError):
        return None
    return TemplateCache(str(folder)) if are_ours else None


def name_versions() -> str:
    """Name all that decides what a template is compiled to, besides itself and Python."""
    return f"jinja2-{version('jinja2')}-quartapp-{version('quartapp')}"


def is_ours(folder: Path) -> bool:
    """Tell whether nobody else could put something there: what is read from it is run."""
    found = folder.lstat()
    if os.name == "nt":
        return True
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_own and not found.st_mode & WRITABLE_BY_OTHERS
