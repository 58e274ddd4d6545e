"""`quartapp run`: the development server, which migrates first and follows the code."""

import asyncio
import errno
import logging
import os
import socket
import sys
from functools import partial
from typing import cast

import click
import hypercorn.asyncio
from hypercorn.config import Config
from hypercorn.utils import LifespanFailureError

from quartapp.app import QuartApp
from quartapp.cli.failures import one_line
from quartapp.cli.reload import is_new_start, start_anew, take_listener, wait_for_change
from quartapp.cli.user import setup_url
from quartapp.cli.with_app import EXIT_INTERRUPTED, find_app
from quartapp.database.migrations import Revision, find_revision_state, upgrade
from quartapp.extensions import db
from quartapp.serve import SERVICE_RESTART, on_stop_signals
from quartapp.services.user import add_setup_token, has_users

STOP_LIMIT = 10.0  # s from Ctrl-C until the process is ended by force
LAST_REQUESTS = 0.2  # s for whoever has just connected to send what they want


@click.command("run", short_help="Run the development server.")
@click.option("--host", "-h", default="127.0.0.1", show_default=True)
@click.option("--port", "-p", default=5000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--reload/--no-reload", default=None, help="Follow the code; default: in debug mode.")
def run_command(host: str, port: int, reload: bool | None) -> None:
    """Migrate the database and serve; when the code changes, start anew."""
    is_first = not is_new_start()
    listener = open_listener(host, port) if is_first else take_listener()
    app = cast(QuartApp, find_app())
    follow = app.debug if reload is None else reload
    try:
        with one_line():
            is_changed = asyncio.run(run(app, listener, is_first=is_first, follow=follow))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    if is_changed:
        start_anew(listener)


def open_listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=100)
    except OSError as error:
        reason = f"Cannot listen on {host}, port {port}: {error.strerror}."
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is taken; choose another one: --port {port + 1}"
        raise click.ClickException(reason) from error


async def run(app: QuartApp, listener: socket.socket, *, is_first: bool, follow: bool) -> bool:
    """Serve until Ctrl-C, or until the code has changed: then return True."""
    app.extensions["served_at"] = find_base(listener)  # links start with it without a PUBLIC_URL
    stopped = asyncio.Event()
    stop = partial(asyncio.get_running_loop().call_soon_threadsafe, stopped.set)
    with on_stop_signals(stop, STOP_LIMIT):
        async with app.app_context():
            await migrate(is_first=is_first)
            if is_first:
                await announce(listener)
        return await serve(app, listener, stopped, follow=follow)


async def migrate(*, is_first: bool) -> None:
    """Migrate a database that is behind; after a change of the code, an empty one only."""
    async with db.engine.connect() as connection:
        state = await find_revision_state(connection)
    if state is Revision.UNKNOWN:
        raise click.ClickException(state.value)
    if state is Revision.EMPTY or (state is Revision.BEHIND and is_first):
        await upgrade(db.engine, url=db.url)


async def announce(listener: socket.socket) -> None:
    """Say where it runs, and how the first account is made while there is none."""
    base = find_base(listener)
    click.echo(f"quartapp runs on {base} (Ctrl-C stops it)")
    async with db.begin() as session:
        if not await has_users(session):
            link = setup_url(base, await add_setup_token(session))
            click.echo(f"There is no account yet. Make the first one: {link}")


def find_base(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (not bound here)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: QuartApp, listener: socket.socket, stopped: asyncio.Event, *, follow: bool
) -> bool:
    """Serve until *stopped* is set, or until the code has changed: then return True."""
    changing = asyncio.create_task(wait_for_change() if follow else stopped.wait())
    stopping = asyncio.create_task(stopped.wait())
    copy = os.dup(listener.fileno())  # hypercorn closes what it listens on

    async def end() -> None:
        """Hypercorn stops when this returns, and closes connections that have asked nothing yet."""
        await asyncio.wait([changing, stopping], return_when=asyncio.FIRST_COMPLETED)
        asyncio.get_running_loop().remove_reader(copy)  # who connects now waits for the next start
        await asyncio.sleep(LAST_REQUESTS)
        app.draining = True
        await app.close_sockets(SERVICE_RESTART)

    try:
        await hypercorn.asyncio.serve(app, make_config(copy), shutdown_trigger=end)
    except LifespanFailureError as error:
        raise click.ClickException(f"The application does not start: {error}") from error
    finally:
        changing.cancel()
        stopping.cancel()
    return not stopped.is_set()


def make_config(listener: int) -> Config:
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.setLevel(logging.WARNING)  # the address has been said
    config.accesslog = logging.getLogger("quartapp.access")  # elsewhere nginx logs the requests
    config.access_log_format = "%(R)s %(s)s %(L)s s"
    return config
