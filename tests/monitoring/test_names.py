"""How names are looked up, and what becomes of lookups that hang."""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from quartapp.models.look import Look, Reason
from quartapp.monitoring.client import open_client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.names import THREADS, Lookup, Names
from tests.monitoring.conftest import ANY_PORT, USER_AGENT
from tests.monitoring.farm import LOOPBACK, Farm, make_answer, make_rows, say


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What lookups that hang wait for; they end with the test."""
    released = threading.Event()
    yield released
    released.set()
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("lookup"):
            thread.join(5)


def count_lookups() -> int:
    return sum(thread.name.startswith("lookup") for thread in threading.enumerate())


async def look_with(lookup: Lookup, url: str, seconds: float = 5) -> Look:
    async with open_client(
        user_agent=USER_AGENT, ports=ANY_PORT, allowed=LOOPBACK, lookup=lookup
    ) as client:
        return await look(client, url, timeout=seconds)


def fail(error: Exception) -> Lookup:
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        raise error

    return lookup


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), Reason.DNS),
        (socket.gaierror(socket.EAI_NODATA, "x"), Reason.DNS),
        (socket.gaierror(socket.EAI_FAIL, "x"), Reason.DNS),
        (socket.gaierror(socket.EAI_AGAIN, "x"), Reason.DNS),
        (socket.gaierror(socket.EAI_MEMORY, "x"), Reason.RESOURCES),
        (UnicodeError("label too long"), Reason.DNS),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), Reason.RESOURCES),
        (RuntimeError("can't start new thread"), Reason.RESOURCES),
    ],
)
async def test_failed_lookup_has_its_reason(error: Exception, reason: Reason) -> None:
    seen = await look_with(fail(error), "http://a.test/")

    assert (seen.reason, seen.detail[-1]) == (reason, ".")


async def test_name_without_addresses_leads_nowhere() -> None:
    seen = await look_with(lambda host, port, **_: [], "http://a.test/")

    assert (seen.reason, seen.detail) == (Reason.DNS, "The name leads to no address.")


async def test_system_looks_up_names(farm: Farm) -> None:
    port = await farm.listen(say(make_answer(b"hello")), "127.0.0.1")

    seen = await look_with(socket.getaddrinfo, f"http://localhost:{port}/")

    assert (seen.status, seen.body) == (200, b"hello")


async def test_hanging_lookups_end_in_time_and_hold_up_nobody(
    farm: Farm, released: threading.Event
) -> None:
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        if host.startswith("hangs"):
            released.wait(30)
        return farm.lookup(host, port)

    url = await farm.serve(say(make_answer(b"hello")))
    async with open_client(
        user_agent=USER_AGENT, ports=ANY_PORT, allowed=LOOPBACK, lookup=lookup
    ) as client:
        urls = [f"http://hangs-{number}.test/" for number in range(50)]
        hanging = [asyncio.create_task(look(client, one, timeout=60)) for one in urls]
        await asyncio.sleep(0.2)
        seen = await look(client, url, timeout=30)
        slowed = [task for task in hanging if task.done()]
        ended = await asyncio.gather(*(look(client, one, timeout=2) for one in urls))
        released.set()
        await asyncio.gather(*hanging)

    assert (seen.status, slowed) == (200, [])
    assert {look.reason for look in ended} == {Reason.TIMEOUT}
    assert all(look.detail.endswith("still looking up the name.") for look in ended)
    assert all(look.phases.total < 10 for look in ended)


async def test_thread_keeps_its_place_until_it_ends(released: threading.Event) -> None:
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        released.wait(30)
        return make_rows(["127.0.0.1"], port)

    names = Names(lookup, threads=2)
    for _ in range(2):
        await names.take_place()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(names.resolve("a.test", 80), 0.05)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(names.take_place(), 0.05)
    assert count_lookups() == 2

    released.set()

    for _ in range(9):
        await asyncio.wait_for(names.take_place(), 5)
        assert [str(address) for address in await names.resolve("a.test", 80)] == ["127.0.0.1"]
    assert THREADS > 50


async def test_too_many_lookups_are_no_fault_of_the_site(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quartapp.monitoring.reach.NAMES_TIMEOUT", 0.2)

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        released.wait(30)
        return []

    async with open_client(
        user_agent=USER_AGENT, ports=ANY_PORT, allowed=LOOPBACK, lookup=lookup
    ) as client:
        looks = [
            asyncio.create_task(look(client, f"http://a{n}.test/", timeout=30))
            for n in range(THREADS + 2)
        ]
        too_many = await asyncio.gather(*looks[THREADS:])
        under_way = [task for task in looks if not task.done()]
        released.set()
        others = await asyncio.gather(*under_way)

    assert [look.reason for look in too_many] == [Reason.RESOURCES] * 2
    assert [look.reason for look in others] == [Reason.DNS] * THREADS
