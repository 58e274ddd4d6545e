"""Answers that are taken for long: they end when what let their reader in does."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import NoReturn, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.auth.asker import Asker, get_asker
from quartapp.auth.sockets import has_ended
from quartapp.extensions import db

ASK_AGAIN = 10.0  # seconds after which who takes it is asked for again

T = TypeVar("T")
OpenSession = Callable[[], AbstractAsyncContextManager[AsyncSession]]

logger = logging.getLogger(__name__)


def guard_stream(parts: AsyncIterator[T]) -> AsyncIterator[T]:
    """Hand out *parts*, as long as the token or session of this request holds."""
    return read_guarded(parts, get_asker(), db.readers)


async def read_guarded(
    parts: AsyncIterator[T], asker: Asker, open_session: OpenSession
) -> AsyncIterator[T]:
    asked_at = monotonic()
    async for part in parts:
        yield part
        if monotonic() >= asked_at + ASK_AGAIN:
            async with open_session() as session:
                if await has_ended(session, asker):
                    break_off()
            asked_at = monotonic()


def break_off() -> NoReturn:
    logger.warning("An export broke off: what let its reader in has ended.")
    raise TimeoutError  # which ends the answer without its last chunk, and is no defect
