"""Passkeys: added, used to sign in, removed."""

import logging

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ConflictError, NotFoundError, UnauthorizedError
from quartapp.models import Action, Passkey, User
from quartapp.models.rights import may_see_what_is_of
from quartapp.services.audit import record_event
from quartapp.services.ceremony import (
    Challenge,
    Site,
    check_assertion,
    check_attestation,
    read_credential_id,
)
from quartapp.services.link import void_move
from quartapp.texts import Text

REFUSED = Text("This passkey is not known here, or its answer came too late.")

logger = logging.getLogger(__name__)


async def add_passkey(
    session: AsyncSession, user: User, answer: str, *, name: str, site: Site, challenge: Challenge
) -> Passkey:
    """Keep what an authenticator has made for *user*; BadRequestError when it is not sound.

    With each change of passkeys, a link that would move the account's mail is void.
    """
    made = check_attestation(answer, site=site, challenge=challenge)
    known = select(Passkey.id).where(Passkey.credential_id == made.credential_id)
    if await session.scalar(known) is not None:
        raise ConflictError(Text("This passkey has been added already."))
    row = Passkey(user=user, name=name, **made._asdict())
    session.add(row)
    await void_move(session, user)
    await record_event(session, Action.PASSKEY_ADDED, by=user, on=user, detail=name)
    return row


async def find_user_by_passkey(
    session: AsyncSession, answer: str, *, site: Site, challenge: Challenge
) -> User:
    """Return who signs in by a passkey; UnauthorizedError, the same for every fault.

    The fault is recorded, for the caller to commit. Of many at once with one answer, one succeeds:
    the database lets one change the row.
    """
    query = select(Passkey).options(joinedload(Passkey.user))
    row = await session.scalar(query.where(Passkey.credential_id == read_credential_id(answer)))
    if row is None or not await is_used(session, row, answer, site=site, challenge=challenge):
        user = row.user if row else None
        await record_event(session, Action.LOGIN_FAILED, by=None, on=user, detail="passkey")
        raise UnauthorizedError(REFUSED)
    return row.user


async def is_used(
    session: AsyncSession, row: Passkey, answer: str, *, site: Site, challenge: Challenge
) -> bool:
    """Tell whether an answer is that of a passkey, and may be used; then it is used up."""
    if not row.user.is_active:
        return False
    count = check_assertion(row, answer, site=site, challenge=challenge)
    if count is not None and await record_use(session, row, challenge, count):
        return True
    logger.warning("An answer of passkey %d of user %d was refused.", row.id, row.user_id)
    return False


async def record_use(session: AsyncSession, row: Passkey, challenge: Challenge, count: int) -> bool:
    """Write down that a challenge was answered; False when that or a later one was before."""
    is_new = or_(Passkey.used_at.is_(None), Passkey.used_at < challenge.made_at)
    values = {"used_at": challenge.made_at, "sign_count": count}
    query = update(Passkey).where(Passkey.id == row.id, is_new).values(values)
    done = await session.execute(query.execution_options(synchronize_session=False))
    return isinstance(done, CursorResult) and done.rowcount == 1


def select_passkeys(user: User) -> Select[Passkey]:
    """The passkeys of *user*, the newest first."""
    return select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id.desc())


async def list_passkeys(session: AsyncSession, user: User) -> list[Passkey]:
    return list(await session.scalars(select_passkeys(user)))


async def remove_passkey(
    session: AsyncSession, passkey_id: int, by: User, *, as_admin: bool = False
) -> Passkey:
    """Forget one: one's own, or anyone's for who acts as administrator."""
    query = select(Passkey).options(joinedload(Passkey.user)).where(Passkey.id == passkey_id)
    row = await session.scalar(query)
    if row is None or not may_see_what_is_of(by, row.user_id, as_admin=as_admin):
        raise NotFoundError(Text("There is no passkey %(passkey_id)s.", passkey_id=passkey_id))
    await session.delete(row)
    await void_move(session, row.user)
    await record_event(session, Action.PASSKEY_REMOVED, by=by, on=row.user, detail=row.name)
    return row


async def remove_passkeys(session: AsyncSession, user: User, by: User | None) -> bool:
    """Forget all of *user*, one event names them; False when there was none."""
    names = [row.name for row in await list_passkeys(session, user)]
    if names:
        await session.execute(delete(Passkey).where(Passkey.user_id == user.id))
        detail = ", ".join(names)
        await record_event(session, Action.PASSKEY_REMOVED, by=by, on=user, detail=detail)
    return bool(names)
