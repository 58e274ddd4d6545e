"""Mail: put into the outbox with what causes it, sent by a worker."""

import asyncio
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from quart import Quart, current_app
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.languages import find_language, speak
from quartapp.mail.backends import make_backend
from quartapp.mail.compose import render_mail
from quartapp.mail.worker import Mailer, run_outbox
from quartapp.models import OutboxMessage
from quartapp.services.outbox import add_message

STOP_SECONDS = 1.5  # for the mail in flight when the server stops; then it is cut, and sent anew

logger = logging.getLogger(__name__)


def init_app(app: Quart) -> None:
    """Make the mailer; it runs in this process while it serves, when the settings say so."""
    backend = make_backend(app.config)
    if backend is None:
        app.extensions["mailer"] = None
        app.before_serving(warn)
        return
    app.extensions["mailer"] = Mailer(
        backend, sender=app.config["MAIL_SENDER"], lease=app.config["OUTBOX_LEASE"]
    )
    if app.config["OUTBOX_IN_WEB"]:
        app.before_serving(start_worker)
        app.after_serving(stop_worker)


def find_mailer() -> Mailer | None:
    """Return what sends the mail of this app; None: nothing does, mail stays in the outbox."""
    mailer: Mailer | None = current_app.extensions["mailer"]
    return mailer


async def send_mail(
    session: AsyncSession,
    name: str,
    recipient: str,
    *,
    language: str | None = None,
    **context: Any,
) -> OutboxMessage:
    """Have the mail of the template *name* sent as soon as the session is committed.

    Without a *language*, in the one of who causes it.
    """
    async with speak(language or find_language()):
        subject, text, html = await render_mail(name, **context)
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname or "localhost"
    message = await add_message(
        session, recipient=recipient, subject=subject, text=text, html=html, host=host
    )
    if mailer := find_mailer():
        wake = mailer.wake
        event.listen(session.sync_session, "after_commit", lambda _: wake.set(), once=True)
    return message


async def warn() -> None:
    logger.warning("No mail is sent until MAIL_SERVER names a server; it waits in the outbox.")


async def start_worker() -> None:
    app: Any = current_app
    mailer: Mailer = app.extensions["mailer"]
    mailer.stopped.clear()
    app.extensions["mail_worker"] = asyncio.create_task(run_outbox(mailer))


async def stop_worker() -> None:
    app: Any = current_app
    task: asyncio.Task[None] = app.extensions["mail_worker"]
    app.extensions["mailer"].stop()
    await asyncio.wait([task], timeout=STOP_SECONDS)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
