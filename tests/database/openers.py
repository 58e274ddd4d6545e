"""Open new SQLite files, each by several engines at the same moment.

Arguments: a folder, how many files, how many engines. A process of its own, as the tool that
measures coverage hangs where so many greenlets end at once.
"""

import asyncio
import sys

from sqlalchemy import text

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.database.tables import run


async def main(folder: str, files: int, engines: int) -> None:
    for number in range(files):  # one time in four, one of the eight was told "database is locked"
        url = parse_url(f"sqlite:///{folder}/{number}.db")
        opened = [make_engine(url) for _ in range(engines)]
        await asyncio.gather(*(run(engine, [text("SELECT 1")]) for engine in opened))
        await asyncio.gather(*(engine.dispose() for engine in opened))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
