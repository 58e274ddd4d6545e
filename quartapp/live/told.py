"""PostgreSQL says at once that there are events; elsewhere the hub looks for them."""

import asyncio
import logging
from typing import Any

from quart import current_app

from quartapp.database.engine import make_engine
from quartapp.extensions import db
from quartapp.live.hub import Hub
from quartapp.services.event import CHANNEL

PAUSE = 5.0  # s until a connection that broke is opened again

logger = logging.getLogger(__name__)


async def keep_told(hub: Hub) -> None:
    """Have the hub woken by the database until it stops; meanwhile it looks less often."""
    if db.engine.dialect.name != "postgresql":
        return
    while not hub.is_stopped:
        try:
            await be_told(hub)
        except Exception as error:  # noqa: BLE001 (the hub looks by itself meanwhile)
            logger.warning("The database tells of no events for now: %s", error)
        finally:
            hub.is_told = False
        await asyncio.sleep(PAUSE)


async def be_told(hub: Hub) -> None:
    """Listen on a connection of its own, which is none of the requests', until it ends."""
    ended = asyncio.Event()
    timeout = current_app.config["DATABASE_TIMEOUT"]
    engine = make_engine(db.url, pool_size=1, timeout=timeout)
    try:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.add_termination_listener(lambda _: ended.set())
            await driver.add_listener(CHANNEL, lambda *_: hub.wake.set())
            hub.is_told = True
            await ended.wait()
    finally:
        await engine.dispose()
