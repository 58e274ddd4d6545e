"""Nobody gets us to ask this machine: canaries listen on 127.0.0.1 and ::1, and hear nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from quartapp.models.look import Look, Reason
from quartapp.monitoring.client import Client, open_client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.names import Lookup
from tests.monitoring.conftest import USER_AGENT
from tests.monitoring.farm import LOOPBACK, Farm, make_answer, make_redirect, make_rows, say
from tests.monitoring.vectors import NAMES, UNREACHABLE, UNREADABLE

CANARIES = ["127.0.0.1", "::1"]
OPEN = ["127.1.0.0/16"]  # where the sites of the farm are; to the guard, they are public
SING = say(make_answer(b"I was asked"))


@pytest.fixture
async def port(farm: Farm) -> AsyncIterator[int]:
    """The port of both canaries, which have heard nothing when the test ends."""
    port = await farm.listen(SING, CANARIES[0])
    await farm.listen(SING, CANARIES[1], port)
    yield port
    await asyncio.sleep(0.01)
    assert {host: farm.met[host] for host in CANARIES} == {"127.0.0.1": 0, "::1": 0}


def open_closed(lookup: Lookup, *ports: str) -> AbstractAsyncContextManager[Client]:
    """Open a client that may ask the sites of the farm, and nothing else here."""
    return open_client(
        user_agent=USER_AGENT, ports=ports or ["1024-65535"], allowed=OPEN, lookup=lookup
    )


def lookup_vector(host: str, port: int, **_: Any) -> list[Any]:
    """Read numbers as liberally as the system does, and know the names of the vectors."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return make_rows(NAMES[host], port)


async def test_canaries_sing_where_the_network_is_allowed(farm: Farm) -> None:
    port = await farm.listen(SING, CANARIES[0])
    await farm.listen(SING, CANARIES[1], port)

    async with open_client(
        user_agent=USER_AGENT, ports=["1-65535"], allowed=LOOPBACK, lookup=lookup_vector
    ) as client:
        for host in ("127.0.0.1", "[::1]", "localhost"):
            seen = await look(client, f"http://{host}:{port}/", timeout=5)
            assert seen.body == b"I was asked"

    assert {host: farm.met[host] for host in CANARIES} == {"127.0.0.1": 2, "::1": 1}


async def test_no_vector_reaches_a_canary(port: int) -> None:
    vectors = [vector.replace("{port}", str(port)) for vector in [*UNREADABLE, *UNREACHABLE]]
    assert len(vectors) >= 80

    async with open_closed(lookup_vector) as client:
        seen = [await look(client, vector, timeout=5) for vector in vectors]

    assert {look.url: look.reason for look in seen if look.reason is not Reason.BLOCKED} == {}
    assert all(look.detail.endswith(".") for look in seen)


# --- names that change, and names with several addresses


def answer_in_turn(*answers: list[str]) -> Lookup:
    """Answer each lookup differently; there is none after the last."""
    left = list(answers)
    return lambda host, port, **_: make_rows(left.pop(0), port)


async def look_in_turn(url: str, *answers: list[str], times: int = 1) -> list[Look]:
    async with open_closed(answer_in_turn(*answers)) as client:
        return [await look(client, url, timeout=5) for _ in range(times)]


async def test_name_that_turns_inward_is_refused(farm: Farm, port: int) -> None:
    site = farm.next_host()
    await farm.listen(SING, site, port)

    seen = await look_in_turn(f"http://a.test:{port}/", [site], ["127.0.0.1"], ["::1"], times=3)

    assert [look.reason for look in seen] == [None, Reason.BLOCKED, Reason.BLOCKED]


async def test_name_is_looked_up_once_for_a_connection(farm: Farm, port: int) -> None:
    site = farm.next_host()
    await farm.listen(SING, site, port)

    # A second lookup would fail, as there is no second answer.
    (seen,) = await look_in_turn(f"http://a.test:{port}/", [site])

    assert (seen.reason, seen.body) == (None, b"I was asked")


@pytest.mark.parametrize("inward", [["127.0.0.1"], ["::1", "127.0.0.1"], ["::ffff:127.0.0.1"]])
async def test_of_mixed_addresses_only_the_public_ones_are_asked(
    farm: Farm, port: int, inward: list[str]
) -> None:
    site = farm.next_host()
    await farm.listen(SING, site, port)

    (seen,) = await look_in_turn(f"http://a.test:{port}/", [*inward, site])

    assert (seen.reason, farm.met[site]) == (None, 1)


async def test_dead_public_address_does_not_lead_to_the_next_inward(farm: Farm, port: int) -> None:
    (seen,) = await look_in_turn(f"http://a.test:{port}/", [farm.next_host(), *CANARIES])

    assert (seen.reason, seen.detail) == (
        Reason.CONNECT,
        "The connection failed: Connection refused.",
    )


async def test_name_turns_inward_between_redirects(farm: Farm, port: int) -> None:
    site = farm.next_host()
    await farm.listen(say(make_redirect("/again")), site, port)

    (seen,) = await look_in_turn(f"http://a.test:{port}/", [site], [site], ["127.0.0.1"])

    assert (seen.reason, len(seen.hops), farm.met[site]) == (Reason.BLOCKED, 2, 2)


# --- redirects


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://inward.test:{port}/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
        "http://me@127.0.0.1:{port}/",
        "http://example.org@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@example.org/",
        "/\\127.0.0.1:{port}/",
        "http://①②⑦.⓪.⓪.①:{port}/",
        "http://169.254.169.254:{port}/latest/meta-data/",
        "http://[fe80::1]:{port}/",
        "http://127.0.0.1:22/",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/_x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "HTTP://127.0.0.1:{port}/",
        "\thttp://127.0.0.1:{port}/",
    ],
)
async def test_redirect_does_not_lead_inward(farm: Farm, port: int, location: str) -> None:
    place = location.replace("{port}", str(port))
    url = await farm.serve(say(make_redirect(place)))
    farm.name("127.0.0.1", name="inward.test")

    async with open_closed(farm.lookup) as client:
        seen = await look(client, url, timeout=5)

    assert (seen.reason, seen.hops) == (Reason.BLOCKED, (url,))


async def test_chain_of_redirects_does_not_lead_inward(farm: Farm, port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    chain: list[str] = []
    for _ in range(3):
        url = await farm.serve(say(make_redirect(url)))
        chain.insert(0, url)

    async with open_closed(farm.lookup) as client:
        seen = await look(client, url, timeout=5)

    assert (seen.reason, seen.hops) == (Reason.BLOCKED, tuple(chain))


async def test_redirect_does_not_lead_to_another_port(farm: Farm, port: int) -> None:
    site = await farm.serve(SING)
    url = await farm.serve(say(make_redirect(site)))

    async with open_closed(farm.lookup, url.rstrip("/").rpartition(":")[2]) as client:
        seen = await look(client, url, timeout=5)

    assert (seen.reason, farm.met[site.split(":")[1].strip("/")]) == (Reason.BLOCKED, 0)
