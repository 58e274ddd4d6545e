"""What a look does with sites that mean no good."""

import asyncio
import gc
import time
from pathlib import Path

from quartapp.models.look import Look, Reason
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import MAX_BODY, look
from quartapp.monitoring.reach import CONNECT_TIMEOUT
from tests.monitoring.farm import Farm, make_answer, say
from tests.monitoring.hostile import Expected, plant
from tests.monitoring.papers import Authority

TIMEOUT = 1.5  # s, for those that never come to an end; the others have time for theirs
PATIENCE = 10.0  # s
MIB = 1024 * 1024


def measure_memory() -> int:
    """Return the bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def count_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_hostile_sites_get_their_reason_in_time_and_leave_nothing_behind(
    farm: Farm, client: Client, authority: Authority
) -> None:
    planted = await plant(farm, authority)
    for tls in (None, authority.make_tls()):
        assert (await look(client, await farm.serve(say(make_answer()), tls), timeout=5)).status
    memory, files = measure_memory(), count_files()

    async def visit(url: str, expected: Expected) -> tuple[Look, float]:
        start = time.monotonic()
        timeout = TIMEOUT if expected is Reason.TIMEOUT else PATIENCE
        seen = await look(client, url, timeout=timeout)
        return seen, time.monotonic() - start

    found = await asyncio.gather(*(visit(*one) for one in planted.values()))

    seen = dict(zip(planted, found, strict=True))
    assert {name: look.reason or look.status for name, (look, _) in seen.items()} == {
        name: expected for name, (_, expected) in planted.items()
    }
    assert {
        name: took
        for name, (look, took) in seen.items()
        if look.reason is Reason.TIMEOUT and took >= CONNECT_TIMEOUT
    } == {}
    assert max(len(look.body) for look, _ in found) == MAX_BODY
    details = [look.detail for look, _ in found]
    assert all(detail.isprintable() and len(detail) <= 200 for detail in details)
    assert len(client.hosts) == len(client.addresses) == 0
    del found, seen
    await farm.close()
    assert measure_memory() - memory < 20 * MIB
    assert count_files() <= files
