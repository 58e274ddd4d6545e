"""What a look tells of sites that are what they should be."""

import asyncio
import gzip
import hashlib
import logging
import ssl
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quartapp.models.look import Look, Outcome, Phases, Reason
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import MAX_BODY, MAX_HOPS, look
from quartapp.monitoring.reach import CONNECT_TIMEOUT
from tests.monitoring.conftest import USER_AGENT
from tests.monitoring.farm import Farm, Reader, Writer, make_answer, make_redirect, say
from tests.monitoring.papers import Authority

HELLO = say(make_answer(b"hello", headers={"Content-Type": "text/plain", "X-Two": "a"}))


def list_phases(phases: Phases) -> list[float | None]:
    return [phases.dns, phases.connect, phases.tls, phases.first_byte]


async def test_answer_is_told_whole(farm: Farm, client: Client) -> None:
    url = await farm.serve(HELLO)

    seen = await look(client, url, timeout=5)

    assert seen == Look(
        url=url,
        started_at=seen.started_at,
        status=200,
        final_url=url,
        headers=(("content-length", "5"), ("content-type", "text/plain"), ("x-two", "a")),
        body=b"hello",
        phases=seen.phases,
    )
    assert abs(datetime.now(UTC) - seen.started_at) < timedelta(seconds=5)


async def test_request_says_who_asks_and_nothing_else(farm: Farm, client: Client) -> None:
    url = await farm.serve(HELLO)

    await look(client, url + "a?b=c#d", timeout=5)

    host = url.removeprefix("http://").rstrip("/")
    ((head,),) = [heads for heads in farm.heads.values() if heads]
    assert head.decode().splitlines() == [
        "GET /a?b=c HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
        "",
    ]


async def test_certificate_of_the_last_hop_is_told(
    farm: Farm, client: Client, authority: Authority
) -> None:
    site = await farm.serve(HELLO, authority.make_tls(ends=timedelta(days=9)))
    url = await farm.serve(say(make_redirect(site)), authority.make_tls(ends=timedelta(days=5)))
    host, port = farm.find(site)
    pem = await asyncio.to_thread(ssl.get_server_certificate, (host, port))

    seen = await look(client, url, timeout=5)

    assert (seen.reason, seen.hops, seen.final_url) == (None, (url,), site)
    assert seen.certificate is not None
    found = seen.certificate
    assert found.fingerprint == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert "trustme" in found.subject
    assert "trustme" in found.issuer
    assert abs(found.not_after - datetime.now(UTC) - timedelta(days=9)) < timedelta(minutes=1)
    assert found.not_before < datetime.now(UTC)
    assert found.protocol == "TLSv1.3"


# --- phases


async def test_phases_of_an_answer_add_up(farm: Farm, client: Client, authority: Authority) -> None:
    async def behave(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(0.2)
        await say(make_answer(b"hello"))(reader, writer)

    seen = await look(client, await farm.serve(behave, authority.make_tls()), timeout=5)

    spent = [seconds for seconds in list_phases(seen.phases) if seconds is not None]
    assert len(spent) == 4
    assert all(seconds > 0 for seconds in spent)
    assert 0.2 <= (seen.phases.first_byte or 0) < 4
    assert sum(spent) <= seen.phases.total < sum(spent) + 3


async def test_phases_of_hops_are_summed(farm: Farm, client: Client) -> None:
    async def behave(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(0.2)
        await say(make_redirect(site))(reader, writer)

    site = await farm.serve(HELLO)
    seen = await look(client, await farm.serve(behave), timeout=5)

    assert 0.2 <= (seen.phases.first_byte or 0) <= seen.phases.total
    assert seen.phases.tls is None


async def test_phase_that_was_not_reached_has_no_time(farm: Farm, client: Client) -> None:
    async def say_nothing(reader: Reader, writer: Writer) -> None:
        await asyncio.Event().wait()

    hole, mute = farm.dig_hole(), await farm.serve(say_nothing, is_eager=True)
    known = {
        "http://nowhere.test/": [True, False, False, False],
        "http://10.0.0.1/": [False, False, False, False],
        hole: [True, True, False, False],
        mute.replace("http:", "https:"): [True, True, True, False],
        mute: [True, True, False, False],
    }

    found = await asyncio.gather(*(look(client, url, timeout=2) for url in known))

    assert {
        seen.url: [seconds is not None for seconds in list_phases(seen.phases)] for seen in found
    } == known
    assert Outcome.OK not in {seen.outcome for seen in found}


async def test_slow_connection_leaves_time_for_the_next_address(farm: Farm, client: Client) -> None:
    port = await farm.listen(HELLO, site := farm.next_host())
    farm.dig_hole_at(hole := farm.next_host(), port)
    name = farm.name(hole, site)

    seen = await look(client, f"http://{name}:{port}/", timeout=20)

    assert (seen.status, seen.body) == (200, b"hello")
    assert 2.4 < (seen.phases.connect or 0) < CONNECT_TIMEOUT


# --- bodies


@pytest.mark.parametrize("size", [MAX_BODY - 1, MAX_BODY, MAX_BODY + 1])
async def test_body_is_read_to_the_limit(farm: Farm, client: Client, size: int) -> None:
    body = b"x" * size

    seen = await look(client, await farm.serve(say(make_answer(body))), timeout=5)

    assert (seen.body == body[:MAX_BODY], seen.is_cut) == (True, size > MAX_BODY)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello" * 99, mtime=0)),
        ("deflate", zlib.compress(b"hello" * 99)),
        ("identity", b"hello" * 99),
    ],
)
async def test_body_is_unpacked(farm: Farm, client: Client, encoding: str, packed: bytes) -> None:
    answer = make_answer(packed, headers={"Content-Encoding": encoding})

    seen = await look(client, await farm.serve(say(answer)), timeout=5)

    assert seen.body == b"hello" * 99


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oh", "204 None", "304 Same"])
async def test_answer_is_an_answer_whatever_its_status(
    farm: Farm, client: Client, status: str
) -> None:
    seen = await look(client, await farm.serve(say(make_answer(status=status))), timeout=5)

    assert (seen.outcome, seen.status) == (Outcome.OK, int(status[:3]))


# --- redirects


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("/b", b"GET /b HTTP/1.1"),
        ("?c=d", b"GET /a?c=d HTTP/1.1"),
        ("b c", b"GET /b%20c HTTP/1.1"),
        ("b%20c", b"GET /b%20c HTTP/1.1"),
        ("/ü#x", b"GET /%C3%BC HTTP/1.1"),
    ],
)
async def test_redirect_is_read_as_browsers_do(
    farm: Farm, client: Client, location: str, line: bytes
) -> None:
    async def behave(reader: Reader, writer: Writer) -> None:
        is_first = len(farm.heads[name]) == 1
        await say(make_redirect(location) if is_first else make_answer())(reader, writer)

    url = await farm.serve(behave)
    name = url.split("/")[2].partition(":")[0]

    seen = await look(client, url + "a", timeout=5)

    assert (seen.status, seen.hops) == (200, (url + "a",))
    assert farm.heads[name][1].splitlines()[0] == line


async def test_five_redirects_are_followed_and_no_sixth(farm: Farm, client: Client) -> None:
    urls = [await farm.serve(HELLO)]
    for _ in range(MAX_HOPS + 1):
        urls.insert(0, await farm.serve(say(make_redirect(urls[0]))))

    followed = await look(client, urls[1], timeout=5)
    refused = await look(client, urls[0], timeout=5)

    assert (followed.status, followed.hops, followed.final_url) == (
        200,
        tuple(urls[1:6]),
        urls[6],
    )
    assert (refused.reason, refused.detail) == (Reason.REDIRECT, "More than 5 redirects.")


async def test_failure_after_a_redirect_tells_nothing_of_the_hop_before(
    farm: Farm, client: Client, authority: Authority
) -> None:
    next_url = "http://nowhere.test/"
    url = await farm.serve(say(make_redirect(next_url)), authority.make_tls())

    seen = await look(client, url, timeout=5)

    assert seen == Look(
        url=url,
        started_at=seen.started_at,
        reason=Reason.DNS,
        detail="The name leads to no address.",
        final_url=next_url,
        hops=(url,),
        phases=seen.phases,
    )


async def test_way_back_to_plain_http_is_followed_and_told(
    farm: Farm, client: Client, authority: Authority
) -> None:
    site = await farm.serve(HELLO)
    url = await farm.serve(say(make_redirect(site)), authority.make_tls())

    seen = await look(client, url, timeout=5)

    assert (seen.status, seen.hops, seen.final_url, seen.certificate) == (200, (url,), site, None)


# --- errors of ours


async def test_error_of_ours_is_logged_and_is_not_the_site_s(
    farm: Farm, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client = replace(client, headers={"X-Ours": "a\r\nHost: another"})

    seen = await look(client, await farm.serve(HELLO), timeout=5)

    assert (seen.outcome, seen.reason) == (Outcome.ERROR, Reason.INTERNAL)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
