"""A mail server, and an app that sends there."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.mail.worker import Mailer
from tests.conftest import empty_tables
from tests.mail.helpers import Rehearsal
from tests.smtp_sink import Sink, start_sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    with start_sink() as sink:
        yield sink


@pytest.fixture
async def mail_app(sink: Sink, database_url: str, tmp_path: Path) -> AsyncIterator[QuartApp]:
    """An app that is not started, whose mail goes to the sink."""
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    app = create_app({"TESTING": True, **place, **sink.settings})
    async with app.app_context():
        await empty_tables()
        yield app
        await db.engine.dispose()


@pytest.fixture
def mailer(mail_app: QuartApp) -> Mailer:
    mailer: Mailer = mail_app.extensions["mailer"]
    return mailer


@pytest.fixture
def backend(mailer: Mailer) -> Rehearsal:
    mailer.backend = Rehearsal()
    return mailer.backend
