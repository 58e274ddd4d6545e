"""Redis is killed, stopped, frozen, full and read-only under requests: nobody sees an error.

`pytest tests/test_redis_away.py --outages 20 -s` does each 20 times and tells the figures.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from typing import NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.remote import AWAY, BACK
from tests.ledger import Ledger, find_faults, open_ledger, writing
from tests.listening import listening
from tests.outage import REDIS_WAYS, Mortal, Way, mortal_valkey
from tests.pair import Pair
from tests.processes import Program
from tests.servers import start_valkey

BETWEEN = 30  # writes that are acknowledged while Redis is there, and while it is not
HELD, USUAL = 0.6, 0.2  # s: the longest request, and the usual one once Redis is known to be away
BUSY = 10  # s more in the suite, on a machine that has much else to do: what hangs takes 30


class Figures(NamedTuple):
    """Seconds of requests."""

    longest: float
    usual: float


@pytest.fixture
def valkey() -> Iterator[Mortal]:
    """A Valkey of this test alone."""
    with start_valkey() as server, mortal_valkey(server) as mortal:
        yield mortal


@pytest.fixture
def pair_env(pair_env: dict[str, str], valkey: Mortal) -> dict[str, str]:
    limits = dict.fromkeys(("RATE_LIMIT_API", "RATE_LIMIT_PAGES"), "100000/minute")
    return {**pair_env, **limits, "REDIS_URL": valkey.server.url}


async def wait_for(pair: Pair, has_happened: Callable[[Program], bool]) -> None:
    """Wait until it has happened in each process."""
    async with asyncio.timeout(30):
        while not all(map(has_happened, pair.programs.values())):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def is_away(program: Program) -> bool:
    """Tell whether it was found away, and not back since: on a busy machine earlier than it was."""
    log = program.output()
    return log.count(AWAY) > log.count(BACK)


def is_back(program: Program) -> bool:
    return not is_away(program)


async def be_away(pair: Pair, valkey: Mortal, leave: Way, return_: Way, ledger: Ledger) -> Figures:
    """Let Redis be away until each process has noticed and works without it, and then be back."""
    await ledger.keep(BETWEEN)
    ledger.begin()
    await asyncio.to_thread(leave, valkey)
    await wait_for(pair, is_away)
    await ledger.keep(BETWEEN)
    at_first = len(ledger.seconds)
    await ledger.keep(BETWEEN)
    later = ledger.seconds[at_first:]
    await asyncio.to_thread(return_, valkey)
    await wait_for(pair, is_back)
    return Figures(round(max(ledger.seconds), 2), round(median(later), 2))


@pytest.mark.timeout(3600)  # for 20 times; each step has a limit of its own
@pytest.mark.parametrize("pair", ["hypercorn"], indirect=True)
async def test_nobody_sees_an_error_while_redis_is_away(
    pair: Pair,
    pair_address: tuple[str, int],
    pair_engine: AsyncEngine,
    valkey: Mortal,
    request: pytest.FixtureRequest,
) -> None:
    times: int = request.config.getoption("--outages")
    ledger = await open_ledger(pair_engine, pair_address, "/status/badge.svg")
    found: dict[str, Figures] = {}
    seen: Counter[str] = Counter()

    async with listening(ledger) as ears:
        async with writing(ledger):
            for name in list(REDIS_WAYS) * times:
                figures = await be_away(pair, valkey, *REDIS_WAYS[name], ledger)
                found[name] = max(figures, found.get(name, figures))
                seen += ledger.seen
        unheard = await ears.find_missing(ledger)
    faults = await find_faults(ledger, pair_engine)

    print(  # noqa: T201
        f"\n{times} outages of each kind: {dict(seen)}; in seconds: {found}"
    )
    assert seen.keys() == {"200", "201"}
    assert {name: bodies for name, bodies in faults.items() if bodies} == {}
    assert (unheard, ears.others - {"heartbeat"}) == (set(), {"connected"})
    slack = BUSY if times == 1 else 0
    assert max(figures.longest for figures in found.values()) < HELD + slack
    assert max(figures.usual for figures in found.values()) < USUAL + slack
