"""Links that stand for somebody until they are used."""

from sqlalchemy import delete, exists, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError
from quartapp.models import Action, AuditEvent, Link, Purpose, Role, User, utcnow
from quartapp.models.link import LIFE
from quartapp.security import hash_token, make_token
from quartapp.texts import Text

VOID = Text("This link is used, expired or wrong.")


async def add_link(
    session: AsyncSession,
    purpose: Purpose,
    *,
    user: User | None = None,
    email: str | None = None,
    role: Role | None = None,
) -> str:
    """Return the secret of a new link; older ones for the same purpose and person are void."""
    if user is not None:
        await remove_links(session, user, purpose)
    token = make_token()
    session.add(
        Link(
            purpose=purpose,
            user_id=user.id if user else None,
            email=email,
            role=role,
            token_hash=hash_token(token),
            expires_at=utcnow() + LIFE[purpose],
        )
    )
    await session.flush()
    return token


async def add_void_link(session: AsyncSession) -> str:
    """Return a secret that is void, after as much work as for one that holds."""
    token = await add_link(session, Purpose.RESET)
    await session.execute(delete(Link).where(Link.token_hash == hash_token(token)))
    return token


async def get_link(session: AsyncSession, token: str, *purposes: Purpose) -> Link:
    """Return what a link stands for; BadRequestError, the same for every fault."""
    wanted = Link.purpose.in_(purposes), Link.token_hash == hash_token(token)
    link = await session.scalar(select(Link).where(*wanted))
    if link is None or link.expires_at <= utcnow():
        raise BadRequestError(VOID)
    return link


async def use_link(session: AsyncSession, token: str, *purposes: Purpose) -> Link:
    """Return what a link stands for, and void it.

    Of many at once one succeeds: the database lets one delete the row.
    """
    link = await get_link(session, token, *purposes)
    if link.user_id is not None:
        await lock_user(session, link.user_id)
    if not await take_link(session, link):
        raise BadRequestError(VOID)
    return link


async def take_link(session: AsyncSession, link: Link) -> bool:
    """Tell whether it was this session that removed *link*; of many, one is told yes."""
    session.expunge(link)
    done = await session.execute(delete(Link).where(Link.id == link.id))
    return isinstance(done, CursorResult) and done.rowcount == 1


async def lock_user(session: AsyncSession, user_id: int) -> None:
    """Wait for who opens a session of a user or moves their mail, and have the next ones wait.

    See `refuse_changed`. To wait in a circle for nobody, who does lock the user locks factors
    before, sessions and links after. Rows that only refer to the user may be added meanwhile, as
    in PostgreSQL alone: MariaDB would wait for them, and there, as in SQLite, who ends sessions
    waits for those that are being opened anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        row = select(User.id).where(User.id == user_id)
        await session.execute(row.with_for_update(key_share=True))


async def void_move(session: AsyncSession, user: User) -> None:
    """Lock *user*, and void the link that would move their mail, also one that is being made."""
    await lock_user(session, user.id)
    await remove_links(session, user, Purpose.CONFIRM)


async def remove_links(session: AsyncSession, user: User, *purposes: Purpose) -> None:
    """Void the links of *user*, of these purposes or of all."""
    query = delete(Link).where(Link.user_id == user.id)
    await session.execute(query.where(Link.purpose.in_(purposes)) if purposes else query)


async def void_invitations(session: AsyncSession, by: User) -> None:
    """Void what was made by an administrator who is none any more; the audit log knows which.

    By address and time as well: SQLite gives the id of a link that is gone anew.
    """
    event = AuditEvent
    is_theirs = exists().where(event.action == Action.INVITED, event.by_id == by.id)
    is_theirs = is_theirs.where(event.subject_id == Link.id, event.subject_name == Link.email)
    is_theirs = is_theirs.where(event.created_at >= Link.created_at)
    await session.execute(delete(Link).where(Link.purpose == Purpose.INVITE, is_theirs))
