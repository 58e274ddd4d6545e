"""What is told by a request goes where it should, and nowhere else."""

import pytest

from quartapp.monitoring.client import Client, open_client
from quartapp.monitoring.post import MAX_REPLY, Reply, post
from tests.monitoring.conftest import ANY_PORT, USER_AGENT
from tests.monitoring.farm import (
    Farm,
    Reader,
    Writer,
    hang,
    make_answer,
    make_head,
    make_redirect,
    repeat,
    reset,
    say,
)
from tests.monitoring.papers import Authority

BODY, HEADERS = b'{"a": 1}', {"Content-Type": "application/json", "X-Quartapp-Delivery": "7"}


async def send(client: Client, url: str, timeout: float = 5) -> Reply:  # noqa: ASYNC109
    return await post(client, url, BODY, HEADERS, timeout=timeout)


async def test_body_and_headers_arrive(farm: Farm, client: Client, authority: Authority) -> None:
    bodies = []

    async def answer(reader: Reader, writer: Writer) -> None:
        bodies.append(await reader.readexactly(len(BODY)))
        await say(make_answer(status="204 No Content"))(reader, writer)

    url = await farm.serve(answer, authority.make_tls())

    assert await send(client, f"{url}hook?a=b") == Reply(204)

    ((head,),) = [heads for heads in farm.heads.values() if heads]
    assert bodies == [BODY]
    first, *lines = head.decode().rstrip().splitlines()
    assert first == "POST /hook?a=b HTTP/1.1"
    assert sorted(lines) == [
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Connection: close",
        "Content-Length: 8",
        "Content-Type: application/json",
        f"Host: {url.split('/')[2]}",
        f"User-Agent: {USER_AGENT}",
        "X-Quartapp-Delivery: 7",
    ]


async def test_redirect_is_not_followed(farm: Farm, client: Client) -> None:
    target = await farm.serve(say(make_answer()))
    url = await farm.serve(say(make_redirect(target, "307 Temporary Redirect")))

    reply = await send(client, url)

    assert reply == Reply(307, "It answered 307: redirects are not followed")
    assert farm.met[target.split("/")[2].partition(":")[0]] == 0


async def test_answer_that_is_no_success_is_told_by_its_beginning(
    farm: Farm, client: Client
) -> None:
    page = b"out of \x00order\r\n" + b"x" * 10 * MAX_REPLY
    url = await farm.serve(say(make_answer(page, status="500 Oops")))

    reply = await send(client, url)

    assert (reply.status, reply.is_success) == (500, False)
    assert reply.error.startswith("It answered 500: out of order xxx")
    assert len(reply.error) < 250


async def test_endless_answer_is_left(farm: Farm, client: Client) -> None:
    head = make_head("503 Unavailable", {"Transfer-Encoding": "chunked"})
    url = await farm.serve(repeat(head, b"2\r\nno\r\n"))

    assert (await send(client, url)).status == 503


async def test_success_needs_no_body(farm: Farm, client: Client) -> None:
    url = await farm.serve(hang(make_head("200 OK", {"Content-Length": "9"})))

    assert await send(client, url) == Reply(200)


async def test_who_hangs_is_given_up(farm: Farm, client: Client) -> None:
    reply = await send(client, await farm.serve(hang()), timeout=2)

    assert reply.status is None
    assert reply.error.endswith("it was still waiting for an answer.")


async def test_what_breaks_is_told(farm: Farm, client: Client) -> None:
    assert (await send(client, await farm.serve(reset()))).status is None
    assert await send(client, "http://nowhere.test/") == Reply(
        None, "The name leads to no address."
    )


@pytest.mark.parametrize("name", ["by name", "by address"])
async def test_guard_lets_nobody_tell_this_machine(farm: Farm, name: str) -> None:
    url = await farm.serve(say(make_answer()))
    host, port = farm.find(url)
    target = url if name == "by name" else f"http://{host}:{port}/"
    async with open_client(user_agent="", ports=ANY_PORT, lookup=farm.lookup) as client:
        reply = await send(client, target)

    assert reply == Reply(None, f"{host} is not a public address.", is_refused=True)
    assert farm.met.total() == 0


async def test_port_that_is_not_watched_is_not_told(farm: Farm) -> None:
    async with open_client(user_agent="", ports=["443"], lookup=farm.lookup) as client:
        reply = await send(client, "http://a.farm.test:22/")

    assert reply == Reply(None, "Port 22 is not among those that are watched.", is_refused=True)
