"""Accounts."""

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError, ConflictError, UnauthorizedError
from quartapp.models import Link, Purpose, Role, User, utcnow
from quartapp.models.text import fold_email
from quartapp.security import check_password, hash_password, hash_token, is_outdated
from quartapp.services.link import VOID, add_link, remove_links
from quartapp.services.password import make_password_hash


async def has_users(session: AsyncSession) -> bool:
    return await session.scalar(select(User.id).limit(1)) is not None


async def add_setup_token(session: AsyncSession) -> str:
    """Return a new token that makes the first administrator; ConflictError when there is a user."""
    if await has_users(session):
        raise ConflictError("There is a user already: sign in instead.")
    return await add_link(session, Purpose.SETUP)


async def set_up(session: AsyncSession, token: str, *, name: str, password: str) -> User:
    """Make the first administrator; all set-up links die with it.

    Of many at once one succeeds: each deletes every link, and the database lets one delete a row.
    """
    password_hash = await make_password_hash(password, own_words=[name])
    query = delete(Link).where(Link.purpose == Purpose.SETUP)
    found = await session.execute(query.returning(Link.token_hash, Link.expires_at))
    valid = {row.token_hash for row in found if row.expires_at > utcnow()}
    if hash_token(token) not in valid or await has_users(session):
        raise BadRequestError(VOID)
    return await add_user(session, name=name, password_hash=password_hash, role=Role.ADMIN)


async def add_user(
    session: AsyncSession,
    *,
    name: str,
    password_hash: str,
    role: Role = Role.VIEWER,
    email: str | None = None,
) -> User:
    await refuse_taken(session, name=name, email=email)
    user = User(name=name, password_hash=password_hash, role=role, email=email)
    session.add(user)
    await session.flush()
    return user


async def refuse_taken(session: AsyncSession, *, name: str | None, email: str | None) -> None:
    """Refuse a name that would be read as somebody else's, or an address that is in use."""
    if name and await session.scalar(select(User.id).where(func.lower(User.name) == name.lower())):
        raise ConflictError(f"The name {name!r} is taken.", "name")
    if email and await session.scalar(select(User.id).where(User.email == email)):
        raise ConflictError("This address belongs to another account.", "email")


async def edit_password(session: AsyncSession, user: User, password: str) -> None:
    """Give *user* a new password; links to choose one are void. Ending sessions is the caller's."""
    own_words = [user.name, *(user.email or "").split("@")]
    user.password_hash = await make_password_hash(password, own_words=own_words)
    await remove_links(session, user, Purpose.RESET)
    await session.flush()


async def find_user_by_login(session: AsyncSession, login: str) -> User | None:
    """Return who signs in as *login*, a user name or an e-mail address."""
    return await session.scalar(
        select(User)
        .where(or_(User.name == login, User.email == fold_email(login)))
        .order_by((User.name == login).desc())
        .limit(1)
    )


async def authenticate(session: AsyncSession, login: str, password: str) -> User:
    """Return the user; a stranger costs the same time and gets the same answer.

    A hash whose parameters are no longer those of today is replaced.
    """
    user = await find_user_by_login(session, login)
    known = await check_password(password, user.password_hash if user else None)
    if user is None or not known or not user.is_active:
        raise UnauthorizedError("Unknown name or wrong password.")
    if is_outdated(user.password_hash):
        user.password_hash = await hash_password(password)
        await session.flush()
    return user
