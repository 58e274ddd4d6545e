"""wrk, and what it says."""

import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost import read_cpu, read_memory, wait_until_idle

WARM_UP = 1  # s
FILES = 8_192  # open in wrk, or in nginx
FILLS, TIMES = 3, 5  # answers of each connection, unless that takes so many times as long
PATIENCE = 30  # s for one answer
Line = tuple[str, float, float, bool]  # what, as it is wanted, as it was, whether it holds
REMEDY = "wrk is missing, which makes the load. Debian and Ubuntu: apt install wrk"


@dataclass(frozen=True)
class Cell:
    """One work of one stack at so many connections, in one round; times in ms."""

    work: str
    stack: str
    connections: int
    round: int
    rate: float  # requests/s
    p50: float
    p99: float
    server: float  # CPU per request
    database: float
    errors: int
    memory: float  # MB of the largest process

    @property
    def cpu(self) -> float:
        return self.server + self.database

    def to_dict(self) -> dict[str, Any]:
        return {name: tidy(value) for name, value in asdict(self).items()}


def tidy(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Place:
    """Whom to ask, and whose work it is."""

    url: str
    server: int  # the process
    database: int


def allow_files(count: int = FILES) -> None:
    """Let this process and those that it starts open so many sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count:
        sys.exit(f"{count} open files are needed and {most} allowed: raise `ulimit -n`.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def tell(lines: Sequence[Line]) -> int:
    """Print each line; return 1 when one falls short."""
    for title, wanted, reached, holds in lines:
        print(f"{'ok' if holds else 'FALLS SHORT':12}{title:32}{wanted:8.2f}{reached:10.2f}")
    return int(not all(holds for *_, holds in lines))


def find_wrk() -> str:
    return shutil.which("wrk") or sys.exit(REMEDY)


def measure(place: Place, script: Path, connections: int, seconds: int) -> dict[str, Any]:
    warm, *_ = run_wrk(place.url, script, connections, WARM_UP)
    seconds = min(max(seconds, FILLS * connections // max(warm, 1)), TIMES * seconds)
    wait_until_idle(place.server)
    server, database = read_cpu(place.server), read_cpu(place.database)
    answers, duration, errors, p50, p99 = run_wrk(place.url, script, connections, seconds)
    server, database = read_cpu(place.server) - server, read_cpu(place.database) - database
    memory = read_memory(place.server)
    requests = max(answers - errors, 1)
    wait_until_idle(place.server)
    return {
        "connections": connections,
        "rate": requests / duration * 1e6,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
        "server": server * 1000 / requests,
        "database": database * 1000 / requests,
        "errors": errors or int(not answers),
        "memory": memory,
    }


def run_wrk(url: str, script: Path, connections: int, seconds: int) -> tuple[int, ...]:
    """Return requests, µs, errors, and the µs of the percentiles 50 and 99."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={PATIENCE}s"]
    seed = str(random.randrange(1, 2**31))
    command = [find_wrk(), *options, "-s", str(script), url, "--", seed]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT"):
            return tuple(map(int, line.split()[1:]))
    sys.exit(f"wrk said: {done.stdout}{done.stderr}")
