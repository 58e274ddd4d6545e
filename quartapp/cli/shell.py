"""`quart shell`: a Python prompt inside the application context that knows `await`."""

import ast
import asyncio
import code
import os
import platform
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from contextvars import Context, copy_context
from inspect import iscoroutine
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

import click
from quart import Quart, g
from sqlalchemy import select

from quartapp import models
from quartapp.cli.shell_session import open_session, release_session
from quartapp.cli.with_app import find_app
from quartapp.extensions import db

AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
EXAMPLE = "await db.session.scalar(select(User))"


class Console(code.InteractiveConsole):
    """Runs each statement on one loop and in one context, so that what it leaves there stays.

    The loop stands still while the prompt waits: background tasks go on with the next statement.
    """

    failed = False

    def __init__(self, names: dict[str, Any], runner: asyncio.Runner, context: Context) -> None:
        super().__init__(names, filename="<shell>")
        self.compile.compiler.flags |= AWAIT
        self.names, self.runner, self.context = names, runner, context

    def runcode(self, code: CodeType) -> None:
        try:
            self.runner.run(self.execute(code), context=self.context)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (a prompt goes on)
            self.failed = True
            hide_caller(error, self.filename)
            self.write("".join(traceback.format_exception(error)))

    async def execute(self, code: CodeType) -> None:
        result = FunctionType(code, self.names)()
        if iscoroutine(result):
            await result
        if "db_session" in g:
            await release_session()

    def run_script(self, source: str) -> None:
        """Run *source* as if it was typed, up to the first error."""
        try:
            statements = [ast.Interactive([node]) for node in ast.parse(source, self.filename).body]
            codes = [compile(tree, self.filename, "single", AWAIT) for tree in statements]
        except SyntaxError:
            self.failed = True
            self.showsyntaxerror()
            return
        for statement in codes:
            if not self.failed:
                self.runcode(statement)


def hide_caller(error: BaseException, filename: str) -> None:
    """Let the traceback of *error* begin with what was typed."""
    frame = error.__traceback__
    while frame and frame.tb_frame.f_code.co_filename != filename:
        frame = frame.tb_next
    error.__traceback__ = frame


def make_shell_names() -> dict[str, Any]:
    """Return what the shell knows besides `app` and `g`."""
    tables = {name: getattr(models, name) for name in models.__all__}
    return {"db": db, "select": select, **tables}


@click.command("shell", short_help="Open a Python prompt that can await.")
def shell_command() -> None:
    """Open a Python prompt in the application context, with `await`; or run what is piped in."""
    app = find_app()
    # As with `python -i`, names go where the completion of the prompt looks for them.
    names = vars(sys.modules["__main__"]) if sys.stdin.isatty() else {"__name__": "__console__"}
    known = app.make_shell_context()
    names.update(known)
    with open_console(app, names) as console:
        if sys.stdin.isatty():
            run_startup(names)
            console.interact(make_banner(known), exitmsg="")
        else:
            console.run_script(sys.stdin.read())
            sys.exit(console.failed)


@contextmanager
def open_console(app: Quart, names: dict[str, Any]) -> Iterator[Console]:
    """Yield a console inside the application context of *app*."""
    context, stack = copy_context(), AsyncExitStack()
    with asyncio.Runner() as runner:
        runner.run(enter(app, stack), context=context)
        try:
            yield Console(names, runner, context)
        finally:
            runner.run(stack.aclose(), context=context)


async def enter(app: Quart, stack: AsyncExitStack) -> None:
    if "database" in app.extensions:  # the plain `quart` command may serve another application
        stack.push_async_callback(app.extensions["database"].engine.dispose)
    context = cast(AbstractAsyncContextManager[object], app.app_context())
    await stack.enter_async_context(context)
    if "database" in app.extensions:
        open_session(app)


def run_startup(names: dict[str, Any]) -> None:
    """Do what Python does before its own prompt: history, completion, the person's startup file."""
    if hook := getattr(sys, "__interactivehook__", None):
        hook()
    if path := os.environ.get("PYTHONSTARTUP"):
        exec(compile(Path(path).read_text(), path, "exec"), names)  # noqa: S102 (their own file)


def make_banner(known: dict[str, Any]) -> str:
    return f"Python {platform.python_version()} with {', '.join(sorted(known))}\nTry: {EXAMPLE}"
