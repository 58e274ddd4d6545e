"""PostgreSQL dies under load and comes back: nothing is lost, and nobody has to help the app."""

import asyncio
import itertools
import time

from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.engine import make_engine
from quartapp.database.failures import Failure, find_failure
from quartapp.database.url import parse_url
from tests.database.tables import owner, run, tables
from tests.outage import mortal_postgres
from tests.servers import start_postgres
from tests.wire import until

WRITERS = 8
DURABLE = "options=-c%20synchronous_commit%3Don"  # the server of the tests is in a hurry


class Load:
    """Writers that go on whatever happens; what was promised to them, what failed, and when."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.numbers = itertools.count(1)
        self.kept: list[int] = []
        self.kept_at: list[float] = []
        self.failures: list[Failure | str] = []

    async def write(self) -> None:
        for number in self.numbers:
            try:
                await run(self.engine, [insert(owner).values(id=number, name=f"site {number}")])
            except (SQLAlchemyError, OSError) as error:
                self.failures.append(find_failure(error) or repr(error))
                await asyncio.sleep(0.01)
            else:
                self.kept.append(number)
                self.kept_at.append(time.monotonic())


async def test_a_killed_server_loses_nothing_and_is_found_again() -> None:
    with start_postgres() as server, mortal_postgres(server) as postgres:
        engine = make_engine(parse_url(f"{server.url}?{DURABLE}"))
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
        load = Load(engine)
        writers = [asyncio.create_task(load.write()) for _ in range(WRITERS)]

        await until(lambda: len(load.kept) > WRITERS)
        postgres.kill()
        await asyncio.sleep(0.2)
        kept_before = len(load.kept)
        await asyncio.to_thread(postgres.bring_back)
        back = time.monotonic()
        await until(lambda: len(load.kept) > kept_before)

        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        async with engine.connect() as connection:
            rows = set(await connection.scalars(select(owner.c.id)))
        await engine.dispose()

    assert set(load.failures) == {Failure.AWAY}
    assert set(load.kept) - rows == set()
    assert load.kept_at[kept_before] - back < 5
