"""What a look costs a worker: claim, guard, request on a new connection, judging, recording.

`python -m benchmarks.check_cost [--quick]` starts PostgreSQL, a process that answers for all sites,
and one `quart worker` on a core of its own. It makes all sites due at once, again and again, and
waits each time until every result is recorded.

Measured are the first looks at new sites, whose bugs are opened and whose pages are learned; then,
by a new worker, which inspects the first looks for bugs as it does one of five at an interval of a
minute, those; and then what all others cost. The figures go to `docs/evidence/check_cost.json`; it
exits with 1 when a look costs more than it may. Run it on a calm machine: where others work, each
look costs twice as much.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import Check, Entity, result, utcnow
from quartapp.models.learning import FEWEST
from quartapp.monitoring.inspector import AT_FIRST, PAUSE
from quartapp.services.check import make_check_row
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, ROOT, Program, free_port, make_folder, running

SITES, ROUNDS, SLOTS = 3_000, 7, 400
INTERVAL = 3_600  # s: long enough that no look is due by itself meanwhile
MOST_MS, LEAST_PER_SECOND = 0.6, 1_500
PATIENCE = 120.0  # s for one round
TICK = os.sysconf("SC_CLK_TCK")
Round = dict[str, float]
EVIDENCE = ROOT / "docs" / "evidence" / "check_cost.json"


async def prepare(engine: AsyncEngine, port: int, count: int) -> None:
    """Add the sites, each at an address of its own, as sites have; none of them is due."""
    await upgrade(engine)
    now = utcnow()
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(insert(Entity), [describe_site(n, port, now) for n in range(count)])
        later = now + timedelta(seconds=INTERVAL)
        rows = [make_check_row(entity, later) for entity in await session.scalars(select(Entity))]
        await session.execute(insert(Check), [{**row, "interval": INTERVAL} for row in rows])


def describe_site(number: int, port: int, now: datetime) -> dict[str, Any]:
    url = f"http://127.1.{number // 250}.{number % 250 + 1}:{port}/"
    times = {"created_at": now, "updated_at": now}
    return {"name": str(number), "slug": str(number), "url": url, "content": "", **times}


async def measure(engine: AsyncEngine, pid: int, count: int) -> Round:
    """Make all sites due, and wait until each has its result; return what that took."""
    cpu, began, now = read_cpu(pid), time.monotonic(), utcnow()
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(update(Check).values(slot_at=now, due_at=now))
    done = 0
    while done < count:
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(f"{done} of {count} looks are recorded")
        await asyncio.sleep(0.1)
        done = await count_results(engine, now)
    seconds = time.monotonic() - began
    return {
        "cpu_ms": round((read_cpu(pid) - cpu) / count * 1000, 3),
        "per_second": round(count / seconds),
    }


async def count_results(engine: AsyncEngine, since: datetime) -> int:
    query = select(func.count()).where(result.c.slot_at >= since, result.c.outcome == "ok")
    async with AsyncSession(engine) as session:
        return await session.scalar(query) or 0


def read_cpu(pid: int) -> float:
    """Return the seconds that a process has worked, all of its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def settle(pid: int) -> None:
    """Wait until a process has hardly anything to do."""
    before = -1.0
    while (now := read_cpu(pid)) - before > 0.1 or now < 1:
        before = now
        time.sleep(2)


@contextmanager
def start_worker(folder: Path, url: str) -> Iterator[Program]:
    """Start a worker on the first core; all else is on the last one."""
    env = {
        **IMPORTS,
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "CHECK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "CHECK_PORTS": "1-65535",
        "CHECK_SLOTS": str(SLOTS),
    }
    command = ["taskset", "-c", "0", sys.executable, "-m", "quart", "--app", "quartapp:create_app"]
    with running(folder, [*command, "worker"], lambda: True, name="worker", env=env) as worker:
        settle(worker.pid)  # what a worker does at its start is no part of a look
        yield worker


def measure_rounds(folder: Path, url: str, count: int, *rounds: int) -> list[list[Round]]:
    """Start a worker, and measure rounds of looks one after the other, in groups."""

    async def measure_all(pid: int) -> list[list[Round]]:
        engine = make_engine(parse_url(url))
        found = [[await measure(engine, pid, count) for _ in range(number)] for number in rounds]
        await engine.dispose()
        return found

    folder.mkdir()
    with start_worker(folder, url) as worker:
        return asyncio.run(measure_all(worker.pid))


def sum_up(new: list[Round], inspected: list[Round], plain: list[Round]) -> dict[str, Any]:
    cost, cost_inspected = take_median(plain, "cpu_ms"), take_median(inspected, "cpu_ms")
    share = 60 / PAUSE
    return {
        "new": new,
        "inspected": inspected,
        "plain": plain,
        "cpu_ms": cost,
        "cpu_ms_inspected": cost_inspected,
        "cpu_ms_at_a_minute": round((1 - share) * cost + share * cost_inspected, 3),
        "per_second": take_median(plain, "per_second"),
        "per_second_of_a_core": round(1000 / cost),
    }


def take_median(rounds: list[Round], name: str) -> float:
    return statistics.median(each[name] for each in rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sites and rounds, no evidence")
    is_quick = parser.parse_args().quick
    count, rounds = (1_000, 3) if is_quick else (SITES, ROUNDS)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with start_postgres() as postgres, make_folder() as folder:
        url, port = create_database(postgres), free_port()
        asyncio.run(prepare(make_engine(parse_url(url)), port, count))
        farm = [sys.executable, "-m", "benchmarks.one_page", str(port)]
        (folder / "farm").mkdir()
        with running(folder / "farm", farm, lambda: True, name="farm", env=IMPORTS):
            (new,) = measure_rounds(folder / "first", url, count, FEWEST)
            found = measure_rounds(folder / "second", url, count, AT_FIRST, rounds)
    figures = {"sites": count, "slots": SLOTS, **sum_up(new, *found)}
    print(json.dumps(figures, indent=2))
    if not is_quick:
        EVIDENCE.write_text(json.dumps(figures, indent=2) + "\n")
    return int(figures["cpu_ms"] > MOST_MS or figures["per_second"] < LEAST_PER_SECOND)


if __name__ == "__main__":
    sys.exit(main())
