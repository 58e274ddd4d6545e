"""One request that tells somebody something: by the same guarded way as a look, and no further."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from quartapp.models.address import check_url
from quartapp.models.look import Reason
from quartapp.models.words import clean_line
from quartapp.monitoring.client import Client
from quartapp.monitoring.connection import Response
from quartapp.monitoring.fetch import request
from quartapp.monitoring.reach import reach
from quartapp.monitoring.reasons import explain
from quartapp.monitoring.visit import Visit
from quartapp.texts import Text

MAX_REPLY = 1024  # bytes that are read of what is no success

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: a status, or the reason why there is none."""

    status: int | None
    error: str = ""  # why it is no success
    is_refused: bool = False  # by us, and so it will be

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def post(
    client: Client,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,  # noqa: ASYNC109 (it does not run while we wait for a turn of our own)
) -> Reply:
    """Send *body* to *url*, once and nowhere else; raises nothing."""
    visit = Visit(url, limit=asyncio.timeout(timeout))
    try:
        async with visit.limit:
            return await send(client, visit, body, headers)
    except TimeoutError:
        return Reply(None, visit.explain_timeout())
    except Exception as error:
        reason, detail = explain(error)
        if reason is Reason.INTERNAL:
            logger.exception("A request failed by an error of ours")
        return Reply(None, detail, is_refused=reason is Reason.BLOCKED)


async def send(client: Client, visit: Visit, body: bytes, headers: Mapping[str, str]) -> Reply:
    url = check_url(visit.url, client.ports)
    async with AsyncExitStack() as held:
        connection = await reach(client, visit, url, held)
        headers = {**headers, "Content-Length": str(len(body))}
        response = await request(
            client, visit, url, connection, method="POST", headers=headers, body=body
        )
        if 200 <= response.status < 300:
            return Reply(response.status)
        return Reply(response.status, await describe(visit, response))


async def describe(visit: Visit, response: Response) -> str:
    """Return the status, and how the answer begins when it is there in time."""
    body = bytearray()
    try:
        with visit.measure("body"):
            async for piece in response.content.iter_any():
                body += piece
                if len(body) >= MAX_REPLY:
                    break
    except Exception as error:  # noqa: BLE001 (the status is known)
        logger.debug("An answer breaks off: %r", error)
    words = clean_line(bytes(body[:MAX_REPLY]).decode(errors="replace"))
    is_redirect = 300 <= response.status < 400
    if is_redirect:
        words = Text("redirects are not followed")
    if not words:
        return Text("It answered %(status)s.", status=response.status)
    return Text("It answered %(status)s: %(words)s", status=response.status, words=words)
