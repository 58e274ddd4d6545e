"""What tests of the mail share: messages in the outbox, and what became of them."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from email.message import EmailMessage
from pathlib import Path
from time import monotonic

from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import OutboxMessage
from quartapp.services.outbox import add_message
from tests.processes import PATIENCE, ROOT, Program
from tests.servers import fork_quart
from tests.smtp_sink import Sink

ALICE = "alice@example.org"


async def add_mail(
    recipient: str = ALICE, subject: str = "Hello", text: str = "text", html: str = "<p>html"
) -> str:
    """Return the Message-ID."""
    async with db.begin() as session:
        message = await add_message(
            session, recipient=recipient, subject=subject, text=text, html=html
        )
        return message.message_id


async def load_messages() -> list[OutboxMessage]:
    async with db.read() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


async def find_states() -> list[tuple[str, str]]:
    return [(message.state.value, message.last_error) for message in await load_messages()]


async def wait_until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "It did not come true."
        await asyncio.sleep(0.01)


def run_worker(
    nursery: Path, sink: Sink, database_url: str, folder: Path, **env: str
) -> AbstractContextManager[Program]:
    """Run `quart worker` until the end of the block; its mail goes to the sink."""
    settings = {name: str(value) for name, value in sink.settings.items()}
    own = {"APP_SETTINGS": "dev", "DATABASE_URL": database_url, "INSTANCE_PATH": str(folder)}
    place = {**own, "PYTHONPATH": str(ROOT)}
    command = ["--app", "tests.patient_app", "worker"]
    return fork_quart(nursery, command, {**settings, **place, **env})


class Rehearsal:
    """A backend that does what a test says."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.may_end = asyncio.Event()  # a mail that is seen is in flight until then
        self.may_end.set()
        self.error: Exception | None = None

    async def open(self) -> None:
        pass

    async def send(self, mail: EmailMessage) -> None:
        self.seen.append(mail["Subject"])
        await self.may_end.wait()
        if self.error:
            raise self.error

    async def close(self) -> None:
        pass
