"""Let a command be an async function inside the application context."""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from typing import ParamSpec

import click
from quart import Quart
from quart.cli import ScriptInfo

from quartapp.cli.failures import one_line
from quartapp.extensions import db

P = ParamSpec("P")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]

EXIT_INTERRUPTED = 130  # as shells report Ctrl-C


def find_app() -> Quart:
    """Return the application that the command line names."""
    return click.get_current_context().ensure_object(ScriptInfo).load_app()


def with_app(
    command: Callable[P, Awaitable[None]], *, loop_factory: LoopFactory | None = None
) -> Callable[P, None]:
    """Let *command* be async; expected failures end it with one line and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        app = find_app()

        async def run_in_context() -> None:
            async with app.app_context():
                try:
                    await command(*args, **kwargs)
                finally:
                    await db.engine.dispose()

        with one_line():
            try:
                with asyncio.Runner(loop_factory=loop_factory) as runner:
                    runner.run(run_in_context())
            except KeyboardInterrupt:
                sys.exit(EXIT_INTERRUPTED)

    return run
