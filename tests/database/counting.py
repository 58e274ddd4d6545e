"""Count up in a database, reading and writing in two steps: `python -m tests.database.counting`."""

import asyncio
import sys

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.database.tables import owner

TASKS, TIMES = 10, 15


async def count_up(engine: AsyncEngine) -> None:
    async def count() -> None:
        for _ in range(TIMES):
            async with engine.begin() as connection:
                number = await connection.scalar(select(owner.c.big))
                await asyncio.sleep(0)
                await connection.execute(update(owner).values(big=number + 1))

    await asyncio.gather(*(count() for _ in range(TASKS)))


async def main(url: str) -> None:
    engine = make_engine(parse_url(url))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await count_up(engine)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
