"""Follow the code: notice a change, try it, and start anew with it."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

import click

PACKAGE = Path(__file__).parents[1]
PAUSE = 0.5  # s between two looks at the files
TRIAL = "import sys; sys.path.insert(0, sys.argv[1]); import quartapp; quartapp.create_app()"
# Names the socket that a start leaves to the next: whoever connects in between waits a moment.
LISTENER = "QUARTAPP_LISTENER"


def is_new_start() -> bool:
    """Tell whether this is a start anew, after a change."""
    return LISTENER in os.environ


def take_listener() -> socket.socket:
    """Return the socket that the start before this one left."""
    return socket.socket(fileno=int(os.environ.pop(LISTENER)))


def start_anew(listener: socket.socket) -> NoReturn:
    """Become a new process of the same command."""
    listener.set_inheritable(True)
    os.environ[LISTENER] = str(listener.fileno())
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (our own command)


async def wait_for_change() -> None:
    """Wait until the code has changed and starts; while it does not, the old code serves on."""
    seen = look_at_files()
    while True:
        await asyncio.sleep(PAUSE)
        now = look_at_files()
        if now != seen:
            seen = now
            if await starts():
                return
            click.echo("The changed code does not start: the old one goes on.", err=True)


def look_at_files() -> dict[Path, int]:
    return {path: find_time(path) for path in [*PACKAGE.rglob("*.py"), Path(".env")]}


def find_time(path: Path) -> int:
    """Return when the file was changed; 0 while an editor is replacing it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


async def starts() -> bool:
    """Try the code in a process of its own: its traceback goes to the terminal, Ctrl-C does not."""
    command = [sys.executable, "-c", TRIAL, str(PACKAGE.parent)]
    process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    try:
        return await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
