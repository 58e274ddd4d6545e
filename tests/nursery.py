"""A process that has imported the application and forks `quart` commands off itself, at no wait.

It listens on a unix socket, argument 1, for orders: a line of JSON with the command's arguments,
its environment, its folder, where it works, and the terminal at which somebody sits, if any. The
answer is the process id; the folder gets `server.log`, and `exit` at the end.
"""

import gc
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from quart.cli import cli

import tests.serve_app  # noqa: F401  # that is the wait


def main() -> None:
    gc.freeze()  # what is forked shall not go through all of this when it ends
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{sys.argv[1]}.new")
        listener.listen()
        Path(f"{sys.argv[1]}.new").rename(sys.argv[1])  # what can be seen, listens
        listener.settimeout(0.02)
        order = serve_orders(listener)
    obey(order)


def serve_orders(listener: socket.socket) -> dict[str, Any]:
    """Take orders for ever; return in the forked process alone, with the order for it."""
    folders: dict[int, str] = {}
    while True:
        note_ends(folders)
        with suppress(TimeoutError):
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as file:
                order: dict[str, Any] = json.loads(file.readline())
                pid = os.fork()
                if not pid:
                    return order
                folders[pid] = order["folder"]
                file.write(f"{pid}\n")


def note_ends(folders: dict[int, str]) -> None:
    while folders:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with suppress(FileNotFoundError):  # nobody waits for it any more
            Path(folders.pop(pid), "exit").write_text(f"{os.waitstatus_to_exitcode(status)}\n")


def obey(order: dict[str, Any]) -> None:
    os.chdir(order["folder"])
    log = os.open("server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if order["terminal"]:
        os.dup2(os.open(order["terminal"], os.O_RDWR | os.O_NOCTTY), 0)
    os.chdir(order["cwd"])
    os.environ.update(order["env"])
    cli.main(args=order["arguments"], prog_name="quart")


if __name__ == "__main__":
    main()
