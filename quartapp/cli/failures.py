"""What a command says when it fails for a reason that is not a mistake in the code."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from quartapp.database.failures import Failure, find_failure
from quartapp.errors import AppError


def explain_failure(error: Exception) -> str | None:
    """Return one line for the person at the keyboard; None: it is a mistake, show the traceback."""
    if isinstance(error, AppError | CommandError):
        is_behind = str(error).endswith("not up to date.")  # and nobody has said what to do
        remedy = " First: quartapp db upgrade" if is_behind else ""
        return f"{error}{remedy}"
    failure = find_failure(error)
    if failure in (Failure.AWAY, Failure.FILE, Failure.BEHIND, Failure.FULL):
        return f"{failure.value} ({describe_cause(error)})"
    return None


def describe_cause(error: Exception) -> str:
    """Return the driver's own words, without the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


@contextmanager
def one_line() -> Iterator[None]:
    """End the command with one line instead of a traceback, where that says all."""
    try:
        yield
    except Exception as error:
        if explanation := explain_failure(error):
            raise click.ClickException(explanation) from error
        raise
