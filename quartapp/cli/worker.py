"""`quart worker`: what is done in the background, in a process of its own."""

import asyncio
from functools import partial

import click

from quartapp.cli.with_app import with_app
from quartapp.mail import find_mailer
from quartapp.mail.worker import SEND_SECONDS, run_outbox
from quartapp.serve import OVERTIME, on_stop_signals


@click.command("worker")
@with_app
async def worker_command() -> None:
    """Send the mail in the outbox and remove what has expired, until SIGTERM or SIGINT."""
    mailer = find_mailer()
    if mailer is None:
        raise click.ClickException("No mail can be sent: set MAIL_SERVER.")
    stop = partial(asyncio.get_running_loop().call_soon_threadsafe, mailer.stop)
    with on_stop_signals(stop, SEND_SECONDS + OVERTIME):
        await run_outbox(mailer)
