"""A server that says nothing: of those that wait for a connection, one finds that out for all."""

import time
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine import Engine, ExceptionContext

QUIET = 0.5  # s after a time limit ran out in which nobody tries to connect


class Silence:
    """Refuse new connections while the server is silent.

    Without it, whoever gets the place of a connection that was given up waits as long as its last
    owner did, and each after him, until nobody's request ends in time.
    """

    def __init__(self, engine: Engine) -> None:
        self.until = 0.0  # by the monotonic clock
        event.listen(engine, "handle_error", self.notice)
        event.listen(engine, "do_connect", self.refuse)

    def notice(self, context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            self.until = time.monotonic() + QUIET

    def refuse(self, dialect: Dialect, _record: object, _args: Any, _options: Any) -> None:
        if time.monotonic() < self.until:
            raise dialect.loaded_dbapi.OperationalError("the server does not answer")
