"""Workers that are killed at any moment: no mail is lost, hardly one is sent again.

`pytest tests/mail/test_kill.py -s` tells the figures.
"""

import asyncio
import random
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.services.outbox import add_message
from tests.mail.helpers import load_messages, run_worker, wait_until
from tests.processes import Program
from tests.smtp_sink import start_sink

MAILS, KILLS, WORKERS = 500, 10, 4
LEASE = "5"  # s
DELAY = 0.1  # s that the server takes for each mail, as one on the net does


@pytest.fixture(params=["postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def add_many(count: int) -> set[str]:
    """Return the Message-IDs."""
    async with db.begin() as session:
        given = {"subject": "Hello", "text": "text", "html": "<p>html"}
        return {
            (await add_message(session, recipient=f"{n}@example.org", **given)).message_id
            for n in range(count)
        }


async def wait_until_all_are_sent(seconds: float) -> None:
    deadline = monotonic() + seconds
    while any(message.sent_at is None for message in await load_messages()):
        assert monotonic() < deadline, "There is mail that nobody sends."
        await asyncio.sleep(0.2)


async def test_killed_workers_lose_no_mail(
    app: Quart, nursery: Path, database_url: str, tmp_path: Path
) -> None:
    def start() -> Program:
        worker = run_worker(nursery, sink, database_url, tmp_path, OUTBOX_LEASE=LEASE)
        return stack.enter_context(worker)

    async with app.app_context():
        names = await add_many(MAILS)
        with start_sink(DELAY) as sink, ExitStack() as stack:
            programs = [start() for _ in range(WORKERS)]
            await wait_until(lambda: sink.deliveries)
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.3, 1.0))
                programs.pop(0).send(signal.SIGKILL)
                programs.append(start())
            await wait_until_all_are_sent(120)
            codes = [program.exit_code().strip() for program in programs]
        messages = await load_messages()

    came = Counter(delivery.mail["Message-ID"] for delivery in sink.deliveries)
    people = {delivery.mail["Message-ID"]: delivery.recipients for delivery in sink.deliveries}
    again = sum(count - 1 for count in came.values())
    left = sum(message.attempts > 1 for message in messages)
    print(f"{MAILS} mails, {KILLS} kills: {left} claims lost, {again} sent again")  # noqa: T201
    assert set(came) == names
    assert people == {message.message_id: [message.recipient] for message in messages}
    assert codes == [""] * WORKERS  # what was not killed still runs
    assert left >= KILLS  # they were killed at work
    assert again <= KILLS  # what was in flight, of which most is on record
