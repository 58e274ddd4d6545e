"""Two at once at a host, and two at an address."""

import asyncio

import pytest

from quartapp.monitoring.client import Client, open_client
from quartapp.monitoring.fetch import look
from tests.monitoring.conftest import ANY_PORT, USER_AGENT
from tests.monitoring.farm import LOOPBACK, Farm, Reader, Writer, make_answer, make_rows, say
from tests.wire import until

HELLO = say(make_answer(b"hello"))


async def test_third_look_at_a_host_waits_and_does_not_count_it(farm: Farm, client: Client) -> None:
    gate = asyncio.Semaphore(0)

    async def behave(reader: Reader, writer: Writer) -> None:
        await gate.acquire()
        await HELLO(reader, writer)

    async def let_pass(met: int) -> None:
        await until(lambda: farm.met.total() == met)
        for _ in range(2):
            gate.release()

    url = await farm.serve(behave)
    first = [asyncio.create_task(look(client, url, timeout=60)) for _ in range(2)]
    await until(lambda: farm.met.total() == 2)
    rest = [asyncio.create_task(look(client, url, timeout=3)) for _ in range(4)]
    await asyncio.sleep(0)  # they wait
    await asyncio.sleep(3.5)  # for longer than they have for an answer
    for met in (2, 4, 6):
        await let_pass(met)
    served, waited = await asyncio.gather(*first), await asyncio.gather(*rest)

    assert [look.status for look in served + waited] == [200] * 6
    assert all(look.phases.waited < 3 for look in served)
    assert all(look.phases.waited > 3 > look.phases.total for look in waited)
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
