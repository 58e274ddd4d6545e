"""One look at a site, as a stranger on the Internet would take it."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from urllib.parse import quote, urljoin, urlsplit

from aiohttp import ClientConnectionResetError, ServerDisconnectedError
from yarl import URL

from quartapp.models.address import check_url
from quartapp.models.look import Look, Reason
from quartapp.monitoring.certificate import read_certificate
from quartapp.monitoring.client import Client
from quartapp.monitoring.connection import Connection, Response, write_head
from quartapp.monitoring.reach import reach
from quartapp.monitoring.reasons import LookError, explain
from quartapp.monitoring.visit import Answer, Visit
from quartapp.texts import Text

MAX_HOPS = 5
MAX_BODY = 2 * 1024 * 1024  # bytes, when it is unpacked
WEB = {"http", "https"}
REDIRECTS = {301, 302, 303, 307, 308}
# All that may stand in an address; the rest is written as bytes, as browsers do.
ADDRESS = "!#$%&'()*+,/:;=?@[]~\\"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

logger = logging.getLogger(__name__)


async def look(
    client: Client,
    url: str,
    *,
    timeout: float,  # noqa: ASYNC109  # see below
    patience: float | None = None,
) -> Look:
    """Look at *url*, with an answer or with the reason why there is none; raises nothing.

    *timeout* is for all hops together, and does not run while we wait for a turn of our own: at
    most *patience* s for each.
    """
    visit = Visit(url, limit=asyncio.timeout(timeout), patience=patience)
    try:
        async with visit.limit:
            await follow(client, visit)
    except TimeoutError:
        visit.reason, visit.detail = Reason.TIMEOUT, visit.explain_timeout()
    except Exception as error:
        visit.reason, visit.detail = explain(error)
        if visit.reason is Reason.INTERNAL:
            logger.exception("A look failed by an error of ours")
    return visit.to_look()


async def follow(client: Client, visit: Visit) -> None:
    """Ask, and ask again where a redirect points; each address is checked as the first one was."""
    target: str | None = visit.url
    while target is not None:
        if len(visit.hops) > MAX_HOPS:
            raise LookError(
                Reason.REDIRECT, Text("More than %(max_hops)s redirects.", max_hops=MAX_HOPS)
            )
        url = check_url(target, client.ports)
        visit.final_url, visit.answer = str(url), Answer()
        target = await ask(client, visit, url)
        if target is not None:
            visit.hops.append(str(url))


async def ask(client: Client, visit: Visit, url: URL) -> str | None:
    """Ask one address; return the next one when it redirects."""
    async with AsyncExitStack() as held:
        connection = await reach(client, visit, url, held)
        visit.answer.certificate = read_certificate(connection.wire)
        response = await request(client, visit, url, connection)
        visit.answer.status = response.status
        visit.answer.headers = tuple(
            (name.lower(), clean_value(value)) for name, value in response.headers.items()
        )
        if response.status == 101:
            raise LookError(Reason.PROTOCOL, Text("It switches to another protocol unasked."))
        if response.status in REDIRECTS:
            return find_next(url, response.headers.get("Location", ""))
        with visit.measure("body"):
            await read_body(visit, response)
    return None


async def request(
    client: Client,
    visit: Visit,
    url: URL,
    connection: Connection,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = NO_HEADERS,
    body: bytes = b"",
) -> Response:
    """Return the answer once its headers are here."""
    head = write_head(method, url, {**client.headers, **headers})
    begin = time.monotonic()
    try:
        with visit.measure("answer"):
            return await connection.ask(head + body)
    except ServerDisconnectedError:
        if not connection.received:
            raise
        raise LookError(Reason.PROTOCOL, Text("The answer ends within its headers.")) from None
    except ClientConnectionResetError:  # it was over before we had asked
        if not connection.received:
            raise
        raise LookError(
            Reason.PROTOCOL, Text("It speaks before it is asked, but no HTTP.")
        ) from None
    finally:
        if connection.first_byte_at is not None:
            visit.add("first_byte", max(0.0, connection.first_byte_at - begin))


async def read_body(visit: Visit, response: Response) -> None:
    """Read the body until it is too long: what is more is not even unpacked."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BODY:
            visit.answer.is_cut = True
            break
    visit.answer.body = bytes(body[:MAX_BODY])


def find_next(url: URL, location: str) -> str:
    """Return the address that a redirect names; it is not checked yet."""
    location = re.sub(r"[\t\r\n]", "", location.strip())
    try:
        target = urljoin(str(url), quote(location, safe=ADDRESS, errors="surrogateescape"))
        parts = urlsplit(target)
        is_sound = parts.port != 0 and (bool(parts.hostname) or parts.scheme not in WEB)
    except ValueError:
        is_sound = False
    if not location or not is_sound:
        raise LookError(Reason.REDIRECT, Text("A redirect does not say where to."))
    return target


def clean_value(value: str) -> str:
    """Return a header's value as text: what is no UTF-8 cannot be kept."""
    return value.encode(errors="surrogateescape").decode(errors="replace")
