"""Compiled templates, kept for the next start: 120 of them take 0.5 s to compile, 0.02 to read."""

import os
from contextlib import suppress
from importlib.metadata import version
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
    places = instance / "templates", instance / "templates" / version("jinja2")
    try:
        for one in places:
            one.mkdir(mode=0o700, exist_ok=True)
        modes = [one.stat().st_mode for one in places]
    except OSError:
        return None
    if any(mode & WRITABLE_BY_OTHERS for mode in modes) and os.name != "nt":
        return None
    return TemplateCache(str(places[-1]))
