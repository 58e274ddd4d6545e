"""Start several migrations of one database at the same moment, each in a process of its own.

Every fourth one is `quart db upgrade`, the rest are `alembic upgrade head`. Argument: how many. It
prints their exit codes.
"""

import os
import sys

from alembic.config import main as alembic
from quart.cli import cli as quart

import quartapp  # noqa: F401  # once for all, as that takes longer than to migrate


def main(count: int) -> None:
    ready, go = os.pipe()
    children = [start(number, ready, go) for number in range(count)]
    os.close(go)  # the end of the pipe is the signal for all
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.stdout.write(f"{codes}\n")


def start(number: int, ready: int, go: int) -> int:
    if child := os.fork():
        return child
    os.close(go)
    os.read(ready, 1)
    if number % 4 == 0:
        quart.main(["--app", "quartapp:create_app", "db", "upgrade"])
    else:
        alembic(["upgrade", "head"])
    sys.exit()


if __name__ == "__main__":
    main(int(sys.argv[1]))
