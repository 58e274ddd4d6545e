"""Run the application with hypercorn, or granian, in this process; stop without losing a request.

A server is one process: hypercorn's own workers end each other (one that is killed takes all down,
one that stops first cuts the others). Who wants more starts this command several times.
"""

import asyncio
import atexit
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from tomllib import TOMLDecodeError
from typing import Any, cast

import click
import hypercorn.asyncio
from hypercorn.config import Config, Sockets
from hypercorn.utils import LifespanFailureError, LifespanTimeoutError
from quart.cli import ScriptInfo

from quartapp import serve_hypercorn
from quartapp.app import QuartApp
from quartapp.systemd import READY, STOPPING, tell_systemd

if sys.platform != "win32":
    import uvloop

CONFIG_FILE = Path("hypercorn.toml")
SERVERS = ("hypercorn", "granian")
SERVICE_RESTART = 1012  # tells the client of a web socket to come back
ACCEPTS = 16  # connections of a bind that a turn of the loop takes
# Objects until the collector looks: requests leave it nothing, but it walks through all under way.
COLLECT = 5_000, 10, 10
OVERTIME = 2.0  # s after SHUTDOWN_GRACE until the process is ended by force

Run = Callable[..., Awaitable[None]]

logger = logging.getLogger("quartapp.serve")


class ServeConfig(Config):
    """Hypercorn's settings with our defaults: `hypercorn.toml` says the same, and why."""

    backlog = 2048
    h11_max_incomplete_size = 65_536
    include_server_header = False
    keep_alive_timeout = 75.0
    umask = 0o007
    websocket_max_message_size = 65_536
    worker_class = "uvloop"

    def create_sockets(self) -> Sockets:
        """Return several listeners for each bind, all of one socket.

        A turn of uvloop takes one connection of each: with a single one, those that are open
        already would be served again and again before somebody new is.
        """
        found = self.sockets
        many = ACCEPTS if self.worker_class == "uvloop" else 1
        secure, insecure = found.secure_sockets, found.insecure_sockets
        return Sockets(multiply(secure, many), multiply(insecure, many), found.quic_sockets)

    @cached_property
    def sockets(self) -> Sockets:
        """Bound once, before the application starts: what cannot be had is known at once."""
        try:
            return super().create_sockets()
        except (OSError, OverflowError) as error:  # the latter is a port over 65535
            raise click.ClickException(
                f"Cannot listen on {', '.join(self.bind)} ({getattr(error, 'strerror', error)}): "
                "stop what listens there, or choose another address with --bind."
            ) from error


def multiply(sockets: list[socket.socket], times: int) -> list[socket.socket]:
    return [*sockets, *(one.dup() for one in sockets for _ in range(times - 1))]


def load_config(path: Path | None, binds: tuple[str, ...] = ()) -> ServeConfig:
    """Read hypercorn's settings from the file, if there is one; *binds* replace those in it."""
    try:
        config = cast(ServeConfig, ServeConfig.from_toml(path)) if path else ServeConfig()
    except (OSError, TOMLDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error
    if config.workers > 1:
        raise click.ClickException(
            f"{path} says workers = {config.workers}, but a server here is one process: "
            "start it several times, each with its own --bind, and let nginx balance them."
        )
    config.workers = 1
    config.bind = list(binds) or config.bind
    return config


def load_server(name: str) -> Run:
    """Return what serves: hypercorn, or what comes with the extra."""
    if name == "hypercorn":
        return cast(Run, hypercorn.asyncio.serve)
    try:
        return cast(Run, import_module("quartapp.serve_fast").serve)
    except ModuleNotFoundError as error:
        raise click.ClickException(f"--server {name} needs: pip install quartapp[fast]") from error


def serve(app: QuartApp, config: ServeConfig, run: Run = hypercorn.asyncio.serve) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; a second signal hurries."""
    serve_hypercorn.install()
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.addFilter(SayOnce())
    config.graceful_timeout = app.config["SHUTDOWN_GRACE"]
    warn_about_debug(app)
    gc.freeze()  # what has been imported stays: collections leave it out, the one at the end, too
    gc.set_threshold(*COLLECT)
    limit = app.config["SHUTDOWN_LAME_DUCK"] + app.config["SHUTDOWN_GRACE"] + OVERTIME
    with asyncio.Runner(loop_factory=choose_loop(config)) as runner:
        runner.get_loop().set_exception_handler(tell_of_failure)
        signals = asyncio.Semaphore(0)
        count = partial(runner.get_loop().call_soon_threadsafe, signals.release)
        with on_stop_signals(count, limit):
            _ = config.sockets
            runner.run(serve_until(signals, app, config, run))


class SayOnce(logging.Filter):
    """Let each bind be told once, however many listeners it has."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if text in self.said:
            return False
        if text.startswith("Running on "):
            self.said.add(text)
        return True


def tell_of_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what failed in the background, but not each connection that is cut after the grace.

    Python 3.11 takes it for an error of its own that the task of a connection was cancelled.
    """
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def warn_about_debug(app: QuartApp) -> None:
    if app.debug:
        logger.warning("These are the settings of development; to serve others: APP_SETTINGS=prod")


def choose_loop(config: ServeConfig) -> Callable[[], asyncio.AbstractEventLoop] | None:
    return make_fast_loop if config.worker_class == "uvloop" else None


def make_fast_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that costs least here: there is no uvloop for Windows."""
    return asyncio.new_event_loop() if sys.platform == "win32" else uvloop.new_event_loop()


async def serve_until(
    signals: asyncio.Semaphore, app: QuartApp, config: ServeConfig, run: Run
) -> None:
    """Serve until the first of the *signals*; the next one cuts the lame duck short."""
    closing: list[asyncio.Task[None]] = []  # kept, or the task might be collected

    async def drain() -> None:
        """The server stops when this returns: it accepts no more, and waits for what runs."""
        with own_paths(config):
            tell_systemd(READY)
            await signals.acquire()
        tell_systemd(STOPPING)
        app.draining = True
        config.keep_alive_max_requests = 0  # from now on, each answer says Connection: close
        lame_duck = app.config["SHUTDOWN_LAME_DUCK"]
        logger.info("Stopping in %g s, or at the next signal; then finishing the rest.", lame_duck)
        with suppress(TimeoutError):
            await asyncio.wait_for(signals.acquire(), lame_duck)
        # Beside the server's own wait, which is the one that SHUTDOWN_GRACE ends.
        closing.append(asyncio.create_task(app.close_sockets(SERVICE_RESTART)))

    try:
        await run(app, config, shutdown_trigger=drain)
    except (LifespanFailureError, LifespanTimeoutError) as error:
        raise click.ClickException(f"The application does not start: {error}") from error
    logger.info("Stopped.")


@contextmanager
def own_paths(config: ServeConfig) -> Iterator[None]:
    """Take the paths of our unix sockets away at the end, unless a successor has them by now.

    Whoever connects from then on is refused at once, before anything was sent, and nginx goes to
    the next process. Connections that were made before are served as ever.
    """
    paths = [Path(bind.removeprefix("unix:")) for bind in config.bind if bind.startswith("unix:")]
    ours = {path: path.stat().st_ino for path in paths if path.exists()}
    yield
    for path, number in ours.items():
        with suppress(FileNotFoundError):
            if path.stat().st_ino == number:
                path.unlink()


@contextmanager
def on_stop_signals(notify: Callable[[], object], limit: float) -> Iterator[None]:
    """Call *notify* for each stop signal; *limit* seconds after the first, end the process."""
    first = SimpleQueue[None]()  # unlike locks and events, safe to fill from a signal handler
    threading.Thread(target=end_late, args=(first, limit), daemon=True).start()

    def handle(_number: int, _frame: object) -> None:
        first.put(None)
        notify()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_late(first: SimpleQueue[None], limit: float) -> None:
    """End the process when it has not ended by itself in time, and show where it hangs."""
    first.get()
    time.sleep(limit)
    os.write(2, f"Still here {limit:g} s after the signal to stop: ended by force.\n".encode())
    faulthandler.dump_traceback()
    os._exit(1)


def leave() -> None:
    """End in order, but not the interpreter, which aborts while threads of granian live."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@click.command("serve")
@click.option(
    "--bind", "binds", multiple=True, help="HOST:PORT or unix:PATH; more than one may be given."
)
@click.option(
    "--config",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Hypercorn's settings.  [default: {CONFIG_FILE}, if there is one]",
)
@click.option(
    "--server",
    type=click.Choice(SERVERS),
    default=SERVERS[0],
    show_default=True,
    help="What serves; granian comes with quartapp[fast].",
)
def serve_command(binds: tuple[str, ...], path: Path | None, server: str) -> None:
    """Serve for others: one process, which stops without losing a request."""
    found = CONFIG_FILE if CONFIG_FILE.exists() else None
    config, run = load_config(path or found, binds), load_server(server)
    app = click.get_current_context().ensure_object(ScriptInfo).load_app()
    serve(cast(QuartApp, app), config, run)
    if server != SERVERS[0]:
        leave()
