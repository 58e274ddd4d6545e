"""A backup is of one moment, however much is written meanwhile: all that must hold holds in it.

`pytest tests/cli/test_backup_moment.py --backups 10 -s` makes ten and tells the figures.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp import create_app
from quartapp.extensions import db
from quartapp.models import Check, Entity, Outage, result, utcnow
from quartapp.models.look import Reason
from quartapp.services.entity import add_entity
from tests.cli.backing import Make, ask, call
from tests.helpers import KINDS
from tests.invariants import find_broken
from tests.services.watching import look

STEP = timedelta(minutes=2)
ROUND = [*[Reason.CONNECT] * 4, *[None] * 3]  # down for a while, then back
PAUSE = 0.001  # s in which others write


@contextmanager
def writing(app: Quart) -> Iterator[Counter[str]]:
    """Add sites, have them go down and come back; the block begins once some did."""
    done: Counter[str] = Counter()
    enough = threading.Event()

    async def add_sites() -> None:
        while not enough.is_set():
            async with db.begin() as session:
                name = f"n{done['sites']}"
                await add_entity(session, name=name, url="http://n/", owner=None)
            done["sites"] += 1
            await asyncio.sleep(PAUSE * done["sites"] ** 2)  # looks keep up

    async def look_at_sites() -> None:
        now = utcnow()
        while not enough.is_set():
            done["turns"] += len(await look(now + done["looks"] * STEP, find_reason(done["looks"])))
            done["looks"] += 1
            await asyncio.sleep(PAUSE)

    async def write() -> None:
        await asyncio.gather(add_sites(), look_at_sites())

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(ask, app, write)
        try:
            while not writer.done() and (done["sites"] < 20 or done["turns"] < 4):
                time.sleep(PAUSE)
            yield done
        finally:
            enough.set()
            writer.result()


def find_reason(number: int) -> Reason | None:
    return ROUND[number % len(ROUND)]


async def judge() -> tuple[dict[str, int], list[int]]:
    """Return what is broken, and how many rows there are of what was written."""
    async with db.read() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(one)) or 0
            for one in (Entity, Check, result, Outage)
        ]
        return await find_broken(session), counts


@pytest.mark.timeout(1800)  # for ten backups
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_must_hold_holds_in_a_backup_under_writes(
    make_app: Make, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    app = make_app(kind)
    call(app, "db", "upgrade")
    files = [tmp_path / f"{number}.gz" for number in range(request.config.getoption("--backups"))]

    with writing(create_app({**app.config["SETTINGS"].model_dump(), "TESTING": True})) as done:
        results = [call(app, "backup", file) for file in files]
    found = []
    for file in files:
        new = make_app("sqlite")
        assert call(new, "restore", file).exit_code == 0
        found.append(ask(new, judge))

    print(f"\n{len(files)} backups while {dict(done)}: {[counts for _, counts in found]}")  # noqa: T201
    assert [result.exit_code for result in results] == [0] * len(files)
    assert [broken for broken, _ in found] == [{}] * len(files)
    assert all(min(counts) > 0 for _, counts in found)
    assert found[0][1] < found[-1][1]  # something was written meanwhile
