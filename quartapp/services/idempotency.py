"""Keys of requests that may come again: the work is done once, its answer kept beside it."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import InvalidError
from quartapp.models import KeptAnswer, User
from quartapp.models.idempotency import KEPT_FOR
from quartapp.texts import Text


async def claim_key(
    session: AsyncSession, user: User, key: str, fingerprint: str, *, now: datetime
) -> KeptAnswer:
    """Return what was answered to *key*, else a new row that holds it until the commit.

    Whoever sends the same key meanwhile waits at the unique constraint.
    """
    query = select(KeptAnswer).where(KeptAnswer.user_id == user.id, KeptAnswer.key == key)
    row = await session.scalar(query)
    if row is not None and row.created_at <= now - KEPT_FOR:
        await session.execute(delete(KeptAnswer).where(KeptAnswer.id == row.id))
        row = None
    if row is None:
        return await add_claim(session, user, key, fingerprint, now)
    if row.fingerprint != fingerprint:
        raise InvalidError(Text("This Idempotency-Key came with another request before."))
    return row


async def add_claim(
    session: AsyncSession, user: User, key: str, fingerprint: str, now: datetime
) -> KeptAnswer:
    row = KeptAnswer(user_id=user.id, key=key, fingerprint=fingerprint, created_at=now)
    session.add(row)
    await session.flush()
    return row
