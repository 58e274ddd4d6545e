"""The teller of a process that serves."""

import asyncio
from pathlib import Path

import pytest
from quart import Quart

from quartapp import create_app
from quartapp.extensions import db
from tests.services.telling import add_mail_channel, add_reader, go_down, load_deliveries, show
from tests.services.watching import watch


@pytest.fixture
def telling_app(database_url: str, tmp_path: Path) -> Quart:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    return create_app({"TESTING": True, "CHECKS_IN_WEB": True, **place})


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_process_that_serves_tells_people_too(telling_app: Quart) -> None:
    async with telling_app.app_context():
        channel = await add_mail_channel(await add_reader())
        (site,) = await watch("http://127.0.0.1:1/")
        async with telling_app.test_app():
            await go_down(site)
            async with asyncio.timeout(20):
                while (await load_deliveries(channel))[0].sent_at is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        assert show(await load_deliveries(channel)) == [("usability.down", 0, "sent")]
        await db.engine.dispose()
