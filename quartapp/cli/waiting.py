"""A wait for the database, and for others who migrate it."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import click
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from quartapp.cli.failures import describe_cause
from quartapp.database.failures import Failure, find_failure
from quartapp.database.turns import take_turn
from quartapp.errors import UnavailableError

PAUSE = 0.25  # s between two attempts
ATTEMPT = 1.0  # s that one waits for another migration, so that an end of the database is seen
EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


class GaveUp(click.ClickException):
    """What was waited for did not come; whoever started this may start it again."""

    exit_code = EXIT_TRY_AGAIN


async def enter_turn(stack: AsyncExitStack, url: URL, wait: float | None) -> AsyncConnection:
    """Return a connection that may migrate; for *wait* seconds nothing that may pass is an error.

    GaveUp after them. None waits as `take_turn` does, for another migration alone.
    """
    if wait is None:
        return await stack.enter_async_context(take_turn(url))
    end, told = monotonic() + wait, ""
    while True:
        try:
            rest = min(ATTEMPT, max(end - monotonic(), 0))
            return await stack.enter_async_context(take_turn(url, rest))
        except Exception as error:
            obstacle = name_obstacle(error)
            if obstacle is None:
                raise
            if monotonic() >= end:
                raise GaveUp(f"After {wait:g} s of waiting {obstacle}") from error
        if obstacle != told:
            click.echo(f"Waiting for {wait:g} s at most: {obstacle}", err=True)
            told = obstacle
        await asyncio.sleep(PAUSE)


def name_obstacle(error: Exception) -> str | None:
    """Say what keeps us from migrating now and may pass; None: it will not."""
    if isinstance(error, UnavailableError):
        return "another migration runs."
    if find_failure(error) is Failure.AWAY:
        return f"the database is away ({describe_cause(error)})."
    return None
