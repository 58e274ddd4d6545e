"""`quart db upgrade`: in turn with others, and after a wait where it is told to."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from quartapp.cli.failures import describe_cause
from quartapp.database.failures import Failure, find_failure
from quartapp.database.turns import WAIT, take_turn
from quartapp.errors import UnavailableError

PAUSE = 0.25  # s between two attempts
ATTEMPT = 1.0  # s that one waits for another migration, so that an end of the database is seen
EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


class GaveUp(click.ClickException):
    """What was waited for did not come; whoever started this may start it again."""

    exit_code = EXIT_TRY_AGAIN


def upgrade(
    config: Config,
    revision: str,
    sql: bool = False,
    tag: str | None = None,
    wait: float | None = None,
) -> None:
    """Upgrade to a later version, when no other migration runs."""
    if sql:
        command.upgrade(config, revision, sql=True, tag=tag)
    else:
        asyncio.run(upgrade_in_turn(config, revision, tag, wait))


async def upgrade_in_turn(
    config: Config, revision: str, tag: str | None, wait: float | None
) -> None:
    async with AsyncExitStack() as stack:
        connection = await enter_turn(stack, config.attributes["url"], wait)
        await connection.run_sync(partial(run_alembic, config, revision, tag))


def run_alembic(config: Config, revision: str, tag: str | None, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, revision, tag=tag)


async def enter_turn(stack: AsyncExitStack, url: URL, wait: float | None) -> AsyncConnection:
    """Return a connection that may migrate; for *wait* seconds nothing that may pass is an error.

    GaveUp after them. None waits as `take_turn` does, for another migration alone.
    """
    if wait is None:
        return await stack.enter_async_context(take_turn(url, WAIT))
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
