"""The application, whose process is killed at the DIE_AT-th statement that it sends; 0: at none.

Each is counted in the file COUNTED, and a commit is one, too.
"""

import os
import signal
from itertools import count
from pathlib import Path

from quart import Quart
from sqlalchemy import Connection, Engine, event

import quartapp

numbers = count(1)


def create_app() -> Quart:
    event.listen(Engine, "before_cursor_execute", count_statement)
    event.listen(Engine, "commit", count_statement)
    return quartapp.create_app()


def count_statement(connection: Connection, *_: object) -> None:
    if connection.dialect.driver == "pysqlite":  # a schema in memory
        return
    number = next(numbers)
    Path(os.environ["COUNTED"]).write_text(str(number))
    if number == int(os.environ["DIE_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
