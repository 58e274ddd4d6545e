"""10,000 sites, each looked at every minute by three workers, two of which die and one freezes.

Run it on a calm machine: `python -m benchmarks.checks [minutes] [sites]`. It starts PostgreSQL, a
farm of sites and the workers, and writes what came of it to `docs/evidence/checks.json`. It exits
with 1 when a slot was counted twice, a site was left out for more than two intervals, or a worker
grew.

All sites are new at first. That is not measured: on two cores the workers are behind for three
minutes, as the weaknesses of 10,000 sites are opened and told at once.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.farm import ADDRESSES
from benchmarks.logins import read_memory
from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import Check, Entity, result, utcnow
from quartapp.services.check import make_check
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, ROOT, Program, free_port, is_running, make_folder, running

INTERVAL = 60  # s
WARM_UP = 180  # s in which all sites are new: their weaknesses are opened, and told
MAX_MB = 300
EVIDENCE = ROOT / "docs" / "evidence" / "checks.json"


async def prepare(url: str, port: int, count: int) -> None:
    """Add the sites, as if they had been watched before: their slots are spread over a minute."""
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    async with AsyncSession(engine) as session, session.begin():
        now = utcnow()
        for first in range(1, count + 1, 1000):
            names = range(first, min(first + 1000, count + 1))
            rows = [describe_site(name, port, now) for name in names]
            await session.execute(insert(Entity), rows)
        for entity in await session.scalars(select(Entity).order_by(Entity.id)):
            check = make_check(entity, now)
            check.slot_at = check.due_at = now + timedelta(seconds=INTERVAL * entity.id / count)
            session.add(check)
    await engine.dispose()


def describe_site(name: int, port: int, now: datetime) -> dict[str, Any]:
    url = f"http://{ADDRESSES[name % len(ADDRESSES)]}:{port}/{name}"
    times = {"created_at": now, "updated_at": now}
    return {"name": str(name), "slug": str(name), "url": url, "content": "", **times}


class Workers:
    """Processes that look; each can be killed and comes back as its supervisor would let it."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        self.running: dict[int, tuple[ExitStack, Program]] = {}
        self.peaks: dict[str, float] = defaultdict(float)
        self.starts = 0

    def start(self, number: int) -> None:
        self.starts += 1
        folder = self.folder / f"worker-{number}-{self.starts}"
        folder.mkdir()
        command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "worker"]
        stack = ExitStack()
        program = stack.enter_context(
            running(folder, command, lambda: True, name=folder.name, env=self.env)
        )
        self.running[number] = stack, program

    def send(self, number: int, which: signal.Signals) -> None:
        os.kill(self.running[number][1].pid, which)

    def revive(self, number: int) -> None:
        self.running[number][0].close()
        self.start(number)

    def measure(self) -> None:
        for _, program in self.running.values():
            if is_running(program.pid):
                self.peaks[program.name] = max(self.peaks[program.name], read_memory(program.pid))

    def stop(self) -> None:
        for stack, _ in self.running.values():
            stack.close()


def make_plan(workers: Workers, seconds: float) -> list[tuple[float, str, Callable[[], None]]]:
    """Say what happens when: two are killed and come back, one freezes for 1.5 intervals."""
    share = seconds / 10
    return [
        (2 * share, "worker 1 is killed", lambda: workers.send(1, signal.SIGKILL)),
        (2 * share + 10, "worker 1 is back", lambda: workers.revive(1)),
        (4 * share, "worker 2 freezes", lambda: workers.send(2, signal.SIGSTOP)),
        (4 * share + 90, "worker 2 goes on", lambda: workers.send(2, signal.SIGCONT)),
        (7 * share, "worker 3 is killed", lambda: workers.send(3, signal.SIGKILL)),
        (7 * share + 10, "worker 3 is back", lambda: workers.revive(3)),
    ]


def play(workers: Workers, seconds: float) -> list[str]:
    """Let it run, and happen what is planned; return what happened."""
    began, happened = time.monotonic(), []
    plan = make_plan(workers, seconds)
    while (now := time.monotonic() - began) < seconds:
        while plan and plan[0][0] <= now:
            _, text, act = plan.pop(0)
            act()
            happened.append(f"{now:.0f} s: {text}")
            print(happened[-1], flush=True)
        workers.measure()
        time.sleep(1)
    return happened


async def read_results(url: str, since: datetime) -> list[Any]:
    engine = make_engine(parse_url(url))
    async with AsyncSession(engine) as session:
        columns = result.c.entity_id, result.c.slot_at, result.c.started_at, result.c.outcome
        query = select(*columns, Check.interval).join(Check, Check.entity_id == result.c.entity_id)
        query = query.where(result.c.started_at >= since).order_by(result.c.started_at)
        rows = list((await session.execute(query)).all())
    await engine.dispose()
    return rows


def sum_up(rows: list[Any], asked: Counter[int], count: int, seconds: float) -> dict[str, Any]:
    """Return the figures: how often each slot was counted, and how long each site was left out."""
    looks: dict[int, list[datetime]] = defaultdict(list)
    for row in rows:
        looks[row.entity_id].append(row.started_at)
    gaps = [
        (after - before).total_seconds()
        for times in looks.values()
        for before, after in pairwise(times)
    ]
    late = sorted((row.started_at - row.slot_at).total_seconds() for row in rows)
    minutes: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        minute = (row.started_at - rows[0].started_at).total_seconds() // 60
        minutes[int(minute)].append((row.started_at - row.slot_at).total_seconds())
    slots = Counter((row.entity_id, row.slot_at) for row in rows)
    return {
        "sites": count,
        "seconds": round(seconds),
        "results": len(rows),
        "results_per_second": round(len(rows) / seconds, 1),
        "outcomes": dict(Counter(row.outcome for row in rows)),
        "requests": sum(asked.values()),
        "requests_without_result": sum(asked.values()) - len(rows),
        "slots_counted_twice": sum(number > 1 for number in slots.values()),
        "sites_never_looked_at": count - len(looks),
        "gap_seconds": {"median": statistics.median(gaps), "longest": max(gaps)},
        "gaps_over_two_intervals": sum(gap > 2 * INTERVAL for gap in gaps),
        "late_seconds": {
            "p50": late[len(late) // 2],
            "p99": late[len(late) * 99 // 100],
            "most": late[-1],
        },
        "minutes": [
            {"looks": len(times), "late_p50": round(statistics.median(times), 1)}
            for _, times in sorted(minutes.items())
        ],
    }


def read_farm(path: Path, since: datetime) -> Counter[int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return Counter(int(name) for at, name in lines if float(at) >= since.timestamp())


@contextmanager
def start_all(count: int) -> Iterator[tuple[Workers, str, Path]]:
    with start_postgres() as postgres, make_folder() as folder:
        url, port, log = create_database(postgres), free_port(), folder / "farm.log"
        asyncio.run(prepare(url, port, count))
        farm: list[str | Path] = [sys.executable, "-m", "benchmarks.farm", str(port), log]
        (folder / "farm").mkdir()
        env = {
            **IMPORTS,
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "CHECK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "CHECK_PORTS": "1-65535",
        }
        with running(folder / "farm", farm, log.exists, name="farm", env=IMPORTS):
            workers = Workers(folder, env)
            try:
                yield workers, url, log
            finally:
                workers.stop()


def main(minutes: float = 10, count: float = 10_000) -> int:
    seconds = minutes * 60
    with start_all(int(count)) as (workers, url, log):
        for number in (1, 2, 3):
            workers.start(number)
        time.sleep(WARM_UP)
        since = utcnow()
        happened = play(workers, seconds)
        workers.stop()
        rows, asked = asyncio.run(read_results(url, since)), read_farm(log, since)
        figures = sum_up(rows, asked, int(count), seconds)
    figures["worker_peak_mb"] = {name: round(peak) for name, peak in workers.peaks.items()}
    figures["happened"] = happened
    EVIDENCE.parent.mkdir(exist_ok=True)
    EVIDENCE.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    wrong = figures["slots_counted_twice"] or figures["gaps_over_two_intervals"]
    return int(bool(wrong or max(workers.peaks.values()) > MAX_MB))


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
