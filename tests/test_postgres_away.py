"""PostgreSQL is killed, stopped and frozen under writes: none is lost or doubled, and none hangs.

`pytest tests/test_postgres_away.py --outages 20 -s` does each 20 times and tells the figures.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.cost import read_cpu
from tests.ledger import FEW, MANY, PACE, Ledger, find_faults, open_ledger, writing
from tests.listening import listening
from tests.outage import Mortal, mortal_postgres
from tests.outside import ask
from tests.pair import Pair, is_ready
from tests.processes import Server, wait_until
from tests.servers import start_postgres

# s; while it is frozen, longer than any request may take
AWAY: Mapping[Callable[[Mortal], None], float] = {Mortal.kill: 1, Mortal.stop: 1, Mortal.freeze: 8}
READY, HELD = 2, 5  # s until a process is ready again, and for the longest request
# s more of both in the suite, on a machine that has much else to do; with them, what hangs for all
# the time that it is frozen is still held for too long
BUSY = 10, 2.7


class Figures(NamedTuple):
    """One outage: under how many writes a second, and what came of it in seconds."""

    name: str
    rate: float
    cores: float  # that the processes had for it: where that is little, so is the rate
    ready: float  # the last process, after its end
    held: float  # the longest request


@pytest.fixture
def postgres() -> Iterator[Mortal]:
    """A PostgreSQL of this test alone that keeps what it has promised."""
    with start_postgres(synchronous_commit="on") as server, mortal_postgres(server) as mortal:
        yield mortal


@pytest.fixture
def postgres_server(postgres: Mortal) -> Server:
    return postgres.server


@pytest.fixture
def pair_env(pair_env: dict[str, str]) -> dict[str, str]:
    return {**pair_env, "RATE_LIMITS": "false"}


def find_health(path: Path) -> tuple[int, int]:
    return ask(path, "/livez").status, ask(path, "/readyz").status


def wait_until_ready(pair: Pair, path: Path) -> float:
    """Return how many seconds that took."""
    start = time.monotonic()
    wait_until(lambda: is_ready(path), pair.programs[path])
    return time.monotonic() - start


def find_cpu(pair: Pair) -> float:
    """Return the seconds of CPU that the processes have had."""
    return sum(read_cpu(one.pid) for one in pair.programs.values())


async def measure_rate(pair: Pair, ledger: Ledger) -> tuple[float, float]:
    """Return how many writes are acknowledged a second, and the cores that the processes have.

    After an outage all clients write at the same moment: only whole turns of theirs tell a rate.
    """
    await ledger.keep(ledger.clients)
    start, used, kept = time.monotonic(), find_cpu(pair), len(ledger.kept)
    await asyncio.sleep(2 * PACE)
    seconds = time.monotonic() - start
    return (len(ledger.kept) - kept) / seconds, (find_cpu(pair) - used) / seconds


async def be_away(
    pair: Pair, postgres: Mortal, leave: Callable[[Mortal], None], ledger: Ledger
) -> Figures:
    """Let PostgreSQL be away under writes, and wait until all is as before."""
    rate, cores = await measure_rate(pair, ledger)
    ledger.begin()
    await asyncio.to_thread(leave, postgres)
    rest = asyncio.create_task(asyncio.sleep(AWAY[leave]))
    health = await asyncio.gather(*(asyncio.to_thread(find_health, path) for path in pair.paths))
    await rest
    await asyncio.to_thread(postgres.bring_back)
    waits = (asyncio.to_thread(wait_until_ready, pair, path) for path in pair.paths)
    ready = max(await asyncio.gather(*waits))
    await ledger.keep(ledger.clients)

    assert set(health) == {(200, 503)}
    assert {"201", "503 after 2"} <= ledger.seen.keys() <= {"200", "201", "503 after 2"}
    return Figures(leave.__name__, rate, cores, ready, max(ledger.seconds))


@pytest.mark.timeout(3600)  # for 20 times; each step has a limit of its own
async def test_no_write_is_lost_or_doubled_while_postgresql_is_away(
    pair: Pair,
    pair_address: tuple[str, int],
    pair_engine: AsyncEngine,
    postgres: Mortal,
    request: pytest.FixtureRequest,
) -> None:
    times: int = request.config.getoption("--outages")
    ledger = await open_ledger(pair_engine, pair_address)
    ledger.clients = MANY if times > 1 else FEW
    found: list[Figures] = []
    seen: Counter[str] = Counter()

    async with listening(ledger) as ears:
        async with writing(ledger):
            for leave in list(AWAY) * times:
                found.append(await be_away(pair, postgres, leave, ledger))
                seen += ledger.seen
        unheard = await ears.find_missing(ledger)
    faults = await find_faults(ledger, pair_engine)

    print(f"\n{len(ledger.kept)} of {len(ledger.sent)} writes kept, {dict(seen)}")  # noqa: T201
    for name in sorted({one.name for one in found}):
        print(sum_up([one for one in found if one.name == name]))  # noqa: T201
    assert {name: bodies for name, bodies in faults.items() if bodies} == {}
    assert (unheard, ears.others - {"heartbeat"}) == (set(), {"connected"})
    more_ready, more_held = BUSY if times == 1 else (0, 0)
    assert max(one.ready for one in found) < READY + more_ready
    assert max(one.held for one in found) < HELD + more_held


def sum_up(found: list[Figures]) -> str:
    rate, cores = median(one.rate for one in found), median(one.cores for one in found)
    return (
        f"{len(found)} times {found[0].name} under {rate:.0f} writes/s by {cores:.2f} cores: "
        f"ready after {max(one.ready for one in found):.2f} s at most, "
        f"longest request {max(one.held for one in found):.2f} s"
    )
