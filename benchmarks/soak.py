"""Half of what two processes can do, for long: whether their memory grows, and whether one fails.

`python -m benchmarks.soak [--minutes 30]` starts PostgreSQL, nginx, two `quart serve` and a worker,
and asks for a mixed work with sockets open. Memory is what Linux counts as resident, every ten
seconds; its slope is that of the straight line nearest to all of them after the first third, in
which caches fill. The figures go to `docs/evidence/soak.json`; it exits with 1 when one falls
short.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.__main__ import POSTGRES
from benchmarks.cost import read_own_memory
from benchmarks.fill import fill
from benchmarks.load import Line, tell
from benchmarks.mixed import Listeners, Load
from benchmarks.rolling import FULL, Group, start_group
from tests.databases import create_database, start_postgres
from tests.processes import ROOT, Program, make_folder, running

MINUTES, EVERY = 30, 10  # s between two looks at the memory
GROWTH, PER = 1.0, 600  # MB in so many s
EVIDENCE = ROOT / "docs" / "evidence" / "soak.json"
Samples = dict[str, list[tuple[float, float]]]  # s since the start, MB


def watch(programs: dict[str, Program], seconds: float) -> Samples:
    """Return the memory of each program over time."""
    samples: Samples = {name: [] for name in programs}
    start = time.monotonic()
    while (at := time.monotonic() - start) < seconds:
        for name, program in programs.items():
            samples[name].append((round(at, 1), round(read_own_memory(program.pid), 2)))
        time.sleep(EVERY)
    return samples


def find_slope(samples: list[tuple[float, float]]) -> float:
    """Return MB in ten minutes, after the first third."""
    rest = samples[len(samples) // 3 :]
    line = statistics.linear_regression([at for at, _ in rest], [mb for _, mb in rest])
    return line.slope * PER


def measure(group: Group, port: int, token: str, minutes: float) -> dict[str, Any]:
    programs = {socket.stem: program for socket, (_, program) in group.programs.items()}
    with make_folder() as folder, make_folder() as place, ExitStack() as stack:
        command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "worker"]
        worker = running(place, command, lambda: True, env=group.env)
        programs["worker"] = stack.enter_context(worker)
        load = Load(f"http://127.0.0.1:{port}", token, folder)
        load.run(3)  # warm
        full = load.run(FULL)
        half, listeners = load.halve(full), Listeners(port, token)
        with listeners.running(), half.running() as wrk:
            samples = watch(programs, 60 * minutes)
        found = half.read(wrk)
    return {
        "minutes": minutes,
        "full": full.to_dict(),
        "half": found.to_dict(),
        "sockets_lost": len(listeners.gaps),
        "slopes": {name: round(find_slope(taken), 3) for name, taken in samples.items()},
        "memory_mb": samples,
    }


def judge(found: dict[str, Any]) -> list[Line]:
    """Return each figure with what was wanted, and whether it holds."""
    failed, lost = found["half"]["failed"], found["sockets_lost"]
    return [
        ("requests that failed", 0, failed, failed == 0),
        ("sockets that were lost", 0, lost, lost == 0),
        *(
            (f"MB in ten minutes, {name}", GROWTH, slope, slope < GROWTH)
            for name, slope in found["slopes"].items()
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=MINUTES)
    minutes = parser.parse_args().minutes
    with start_postgres(**POSTGRES) as postgres:
        data = asyncio.run(fill(create_database(postgres)))
        with start_group(data.url) as (group, port):
            found = measure(group, port, data.token, minutes)
    if minutes >= MINUTES:
        EVIDENCE.write_text(json.dumps(found, indent=1) + "\n")
    return tell(judge(found))


if __name__ == "__main__":
    sys.exit(main())
