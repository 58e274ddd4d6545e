"""`quart worker`: what is done in the background, in a process of its own."""

import asyncio
import gc
import logging
from functools import partial
from importlib import import_module

import click
from quart import current_app

from quartapp.cli.with_app import with_app
from quartapp.mail import find_mailer
from quartapp.mail.worker import SEND_SECONDS, run_outbox
from quartapp.monitoring import open_watcher
from quartapp.monitoring.watch import Watcher, run_checks
from quartapp.serve import OVERTIME, make_fast_loop, on_stop_signals
from quartapp.systemd import READY, STOPPING, tell_systemd
from quartapp.telling import open_teller
from quartapp.telling.teller import run_teller

logger = logging.getLogger(__name__)


@click.command("worker")
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Serve figures for Prometheus there, to anybody who asks.",
)
@partial(with_app, loop_factory=make_fast_loop)
async def worker_command(metrics: str | None) -> None:
    """Look at sites, tell people, send mail, remove what has expired, until SIGTERM or SIGINT."""
    spare_collector()
    grace = max(SEND_SECONDS, current_app.config["SHUTDOWN_GRACE"])
    mailer = find_mailer()
    if not current_app.config["CHECK_CANARIES"]:
        logger.warning(
            "While this machine is cut off, all sites will seem to be down:"
            " name some in CHECK_CANARIES that always answer."
        )
    loop = asyncio.get_running_loop()
    async with open_watcher() as watcher, open_teller() as teller:
        if metrics:
            serve_metrics(metrics, watcher)

        def stop() -> None:
            loop.call_soon_threadsafe(tell_systemd, STOPPING)
            for part in (watcher, teller, mailer):
                if part:
                    loop.call_soon_threadsafe(part.stop)

        with on_stop_signals(stop, grace + OVERTIME):
            tell_systemd(READY)
            async with asyncio.TaskGroup() as tasks:  # when one breaks, all end: nothing half works
                tasks.create_task(run_checks(watcher, grace))
                tasks.create_task(run_teller(teller, grace))
                if mailer:
                    tasks.create_task(run_outbox(mailer))
                else:
                    logger.warning("No mail is sent until MAIL_SERVER names a server.")


def serve_metrics(address: str, watcher: Watcher) -> None:
    host, _, port = address.rpartition(":")
    try:
        import_module("quartapp.metrics.server").serve_worker(watcher, host.strip("[]"), int(port))
    except (OSError, OverflowError, ValueError) as error:
        raise click.ClickException(
            f"Cannot listen on {address} ({error}): --metrics wants a free HOST:PORT."
        ) from error


def spare_collector() -> None:
    """Have the collector look seldom, and not at what stays: it took a quarter of a look's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
