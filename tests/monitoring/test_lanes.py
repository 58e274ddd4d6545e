"""Two at once at a host, and two at an address."""

import asyncio
import time

import pytest

from quartapp.monitoring.client import Client, open_client
from quartapp.monitoring.fetch import look
from tests.monitoring.conftest import ANY_PORT, USER_AGENT
from tests.monitoring.farm import LOOPBACK, Farm, Reader, Writer, make_answer, make_rows, say

HELLO = say(make_answer(b"hello"))


async def test_third_look_at_a_host_waits_and_does_not_count_it(farm: Farm, client: Client) -> None:
    async def behave(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(1.5)
        await HELLO(reader, writer)

    url = await farm.serve(behave)
    start = time.monotonic()
    # Each has time for one answer, and none for two.
    seen = await asyncio.gather(*(look(client, url, timeout=2.9) for _ in range(6)))
    took = time.monotonic() - start

    assert [look.status for look in seen] == [200] * 6
    assert 4.5 <= took < 8
    waited = sorted(look.phases.waited for look in seen)
    assert [round(seconds / 1.5) for seconds in waited] == [0, 0, 1, 1, 2, 2]
    assert all(1.5 <= look.phases.total < 2.9 for look in seen)
    assert len(client.hosts) == len(client.addresses) == 0


class Meter:
    """A behaviour that notes how many are there at once."""

    def __init__(self) -> None:
        self.most = 0
        self._there = 0

    async def behave(self, reader: Reader, writer: Writer) -> None:
        self._there += 1
        self.most = max(self.most, self._there)
        await asyncio.sleep(0.1)
        self._there -= 1
        await HELLO(reader, writer)


async def test_names_of_an_address_share_its_lanes(farm: Farm, client: Client) -> None:
    meter = Meter()
    port = await farm.listen(meter.behave, host := farm.next_host())
    urls = [f"http://{farm.name(host)}:{port}/" for _ in range(5)]

    seen = await asyncio.gather(*(look(client, url, timeout=5) for url in urls))

    assert ([look.status for look in seen], meter.most) == ([200] * 5, 2)


async def test_addresses_of_a_name_share_its_lanes(farm: Farm) -> None:
    meter = Meter()
    hosts = [farm.next_host() for _ in range(5)]
    port = await farm.listen(meter.behave, hosts[0])
    for host in hosts[1:]:
        await farm.listen(meter.behave, host, port)

    async with open_client(
        user_agent=USER_AGENT,
        ports=ANY_PORT,
        allowed=LOOPBACK,
        lookup=lambda name, port, **_: make_rows([hosts.pop()], port),
    ) as client:
        url = f"http://many.test:{port}/"
        seen = await asyncio.gather(*(look(client, url, timeout=5) for _ in range(5)))

    assert ([look.status for look in seen], meter.most) == ([200] * 5, 2)


async def test_cancelled_look_leaves_its_lane(farm: Farm, client: Client) -> None:
    async def behave(reader: Reader, writer: Writer) -> None:
        await asyncio.Event().wait()

    url = await farm.serve(behave)
    task = asyncio.create_task(look(client, url, timeout=5))
    await asyncio.sleep(0.1)
    assert len(client.hosts) == 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(client.hosts) == len(client.addresses) == 0
