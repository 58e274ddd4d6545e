"""Processes are replaced in turn under half of what they can do: what their clients notice.

`python -m benchmarks.rolling [--rounds 20] [--processes 2]` starts PostgreSQL, nginx and that many
`quart serve`, finds out what they can do of a mixed work, asks for half of that while nothing
happens and while one after the other is stopped and started again, as `quart deploy restart` does.
The figures go to `docs/evidence/rolling.json`, under the number of processes; it exits with 1 when
one falls short.
"""

import argparse
import asyncio
import functools
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.__main__ import POSTGRES
from benchmarks.field import OURS, SERVE, is_alive, open_limits, write_ours
from benchmarks.fill import fill
from benchmarks.load import Line, tell
from benchmarks.mixed import Listeners, Load
from benchmarks.works import HOST
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, ROOT, Program, free_port, make_folder, running
from tests.servers import start_nginx

ROUNDS, CALM, FULL = 20, 30, 10  # s of the baseline, s to find out what they can do
SLOWER, BACK = 2.0, 2.0  # times the baseline's p99; s until a socket is open again
EVIDENCE = ROOT / "docs" / "evidence" / "rolling.json"


@dataclass
class Group:
    """Processes that can be replaced."""

    folder: Path
    env: dict[str, str]
    sockets: list[Path] = field(default_factory=list)
    programs: dict[Path, tuple[ExitStack, Program]] = field(default_factory=dict)

    def start(self, socket: Path) -> None:
        command = [sys.executable, *(part.replace("{socket}", str(socket)) for part in SERVE)]
        opened = ExitStack()
        place = opened.enter_context(make_folder())
        alive = functools.partial(is_alive, socket, "/readyz")
        program = opened.enter_context(running(place, command, alive, name="quart", env=self.env))
        self.programs[socket] = (opened, program)

    def stop(self, socket: Path) -> None:
        opened, program = self.programs.pop(socket)
        program.send(signal.SIGTERM)
        if program.wait() != 0:
            sys.exit(f"A process did not end in order:\n{program.output()}")
        opened.close()

    def roll(self, rounds: int) -> None:
        for number in range(rounds):
            socket = self.sockets[number % len(self.sockets)]
            self.stop(socket)
            self.start(socket)


@contextmanager
def start_group(url: str, processes: int = 2) -> Iterator[tuple[Group, int]]:
    """Yield them, and the port of nginx in front of them."""
    with make_folder() as folder, ExitStack() as stack:
        env = {**IMPORTS, **OURS, **open_limits(), "DATABASE_URL": url}
        env |= {"INSTANCE_PATH": str(folder), "TRUSTED_HOSTS": f"{HOST},localhost"}
        group = Group(folder, env, [folder / f"{number + 1}.sock" for number in range(processes)])
        for socket in group.sockets:
            group.start(socket)
            stack.callback(lambda one=socket: group.programs[one][0].close())
        port = free_port()
        (folder / "nginx").mkdir()
        write_ours(folder / "nginx", port, *group.sockets)
        stack.enter_context(start_nginx(folder / "nginx", port))
        yield group, port


def measure(group: Group, port: int, token: str, rounds: int) -> dict[str, Any]:
    with make_folder() as folder:
        load = Load(f"http://127.0.0.1:{port}", token, folder)
        load.run(3)  # warm
        full = load.run(FULL)
        half, listeners = load.halve(full), Listeners(port, token)
        with listeners.running():
            calm = half.run(CALM)
            with half.running() as wrk:
                group.roll(rounds)
            rolled = half.read(wrk)
    return {
        "rounds": rounds,
        "full": full.to_dict(),
        "calm": calm.to_dict(),
        "rolled": rolled.to_dict(),
        "socket_gaps_s": sorted(round(gap, 3) for gap in listeners.gaps),
    }


def judge(found: dict[str, Any]) -> list[Line]:
    """Return each figure with what was wanted, and whether it holds."""
    calm, rolled, gaps = found["calm"], found["rolled"], found["socket_gaps_s"]
    slower, longest = rolled["p99"] / calm["p99"], max(gaps, default=float("inf"))
    return [
        ("requests that failed", 0, rolled["failed"], rolled["failed"] == 0),
        ("p99, times the baseline's", SLOWER, slower, slower <= SLOWER),
        ("a socket was away, s at most", BACK, longest, longest <= BACK),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with start_postgres(**POSTGRES) as postgres:
        data = asyncio.run(fill(create_database(postgres)))
        with start_group(data.url, given.processes) as (group, port):
            found = measure(group, port, data.token, given.rounds)
    if given.rounds >= ROUNDS:
        known = json.loads(EVIDENCE.read_text()) if EVIDENCE.exists() else {}
        known[str(given.processes)] = found
        EVIDENCE.write_text(json.dumps(known, indent=1) + "\n")
    return tell(judge(found))


if __name__ == "__main__":
    sys.exit(main())
