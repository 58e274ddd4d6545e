"""The worker inside the process that serves."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from quart import Quart

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.mail import send_mail, worker
from quartapp.mail.backends import CONNECT_SECONDS
from tests.helpers import queries
from tests.mail.helpers import find_states, wait_until
from tests.smtp_sink import Sink

LINK = "https://example.org/reset"


@pytest.fixture
def hanging_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def mail_settings(database_url: str, tmp_path: Path, sink: Sink) -> dict[str, Any]:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    return {"TESTING": True, **place, **sink.settings, "OUTBOX_IN_WEB": True}


def make_app(mail_settings: dict[str, Any]) -> QuartApp:
    """An app with a view that causes a mail."""
    app = create_app(mail_settings)

    @app.post("/ask")
    async def ask() -> str:
        await send_mail(db.session, "reset", "alice@example.org", link=LINK)
        await db.session.commit()
        return "asked"

    return app


async def test_mail_is_sent_as_soon_as_it_is_committed(
    mail_settings: dict[str, Any], sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", 600.0)
    app = make_app(mail_settings)
    async with app.test_app():
        await asyncio.sleep(0.2)  # the worker is idle by now, and looks again when it is woken
        await app.test_client().post("/ask")
        await wait_until(lambda: sink.deliveries)

    (delivery,) = sink.deliveries
    assert delivery.mail["Subject"] == "Choose a new password"


async def test_mail_that_another_process_added_is_sent_soon(
    mail_settings: dict[str, Any], sink: Sink
) -> None:
    other = make_app({**mail_settings, "OUTBOX_IN_WEB": False})
    app = make_app(mail_settings)
    async with app.test_app(), other.test_app():
        await asyncio.sleep(0.2)
        await other.test_client().post("/ask")
        await wait_until(lambda: sink.deliveries)

    assert len(sink.deliveries) == 1


async def test_mail_of_an_undone_transaction_is_never_sent(
    mail_settings: dict[str, Any], sink: Sink
) -> None:
    app = make_app(mail_settings)
    async with app.test_app():
        async with app.app_context(), db.begin() as session:
            await send_mail(session, "reset", "alice@example.org", link=LINK)
            await session.rollback()
        await app.test_client().post("/ask")
        await wait_until(lambda: sink.deliveries)
    async with app.app_context():
        states = await find_states()
        await db.engine.dispose()

    assert states == [("sent", "")]


async def test_mail_server_that_hangs_slows_no_request_and_no_stop(
    mail_settings: dict[str, Any], hanging_server: int
) -> None:
    app = make_app({**mail_settings, "MAIL_PORT": hanging_server})
    client = app.test_client()
    seconds = []
    async with app.test_app():
        for _ in range(10):
            started = monotonic()
            assert (await client.post("/ask")).status_code == 200
            seconds.append(monotonic() - started)
            await asyncio.sleep(0.05)  # the worker waits for the server by now
        started = monotonic()
    stop = monotonic() - started
    async with app.app_context():
        states = await find_states()
        await db.engine.dispose()

    assert sorted(seconds)[5] < 1
    assert stop < CONNECT_SECONDS - 1
    assert states == [("waiting", "")] * 10


async def test_request_pays_for_its_mail_with_one_statement(mail_settings: dict[str, Any]) -> None:
    app = make_app({**mail_settings, "OUTBOX_IN_WEB": False})
    async with app.test_app():
        async with app.app_context():
            engine = db.engine
        with queries(engine) as sent:
            await app.test_client().post("/ask")

    words = [statement.split()[0] for statement in sent]
    assert [word for word in words if word not in ("BEGIN", "PRAGMA")] == ["INSERT"]


async def test_app_can_be_started_again(mail_settings: dict[str, Any], sink: Sink) -> None:
    app = make_app(mail_settings)
    for count in (1, 2):
        async with app.test_app():
            await app.test_client().post("/ask")
            await wait_until(lambda count=count: len(sink.deliveries) == count)

    assert len(sink.deliveries) == 2


async def test_no_worker_runs_in_tests_that_do_not_ask(app: Quart) -> None:
    assert "mail_worker" not in app.extensions


async def test_start_without_a_mail_server_says_so_once_and_keeps_the_mail(
    mail_settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app({**mail_settings, "MAIL_BACKEND": "none"})
    async with app.test_app():
        await app.test_client().post("/ask")
        async with app.app_context():
            states = await find_states()

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "No mail is sent until MAIL_SERVER names a server; it waits in the outbox."
    )
    assert states == [("waiting", "")]
