"""Accounts, and what lets people and programs in."""

from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError, ForbiddenError, UnauthorizedError
from quartapp.models import ApiToken, SetupToken, User, UserSession, utcnow
from quartapp.security import check_password, hash_password, hash_token, make_token

SESSION_LIFE, TOKEN_LIFE, SETUP_LIFE = timedelta(days=30), timedelta(days=90), timedelta(days=1)
TOKEN_PREFIX = "qa_"  # noqa: S105 (names a token wherever one leaks)


async def has_users(session: AsyncSession) -> bool:
    return await session.scalar(select(User.id).limit(1)) is not None


async def add_setup_token(session: AsyncSession) -> str:
    """Return a new token that makes the first administrator; ConflictError when there is a user."""
    if await has_users(session):
        raise ConflictError("There is a user already: sign in instead.")
    token = make_token()
    session.add(SetupToken(token_hash=hash_token(token), expires_at=utcnow() + SETUP_LIFE))
    await session.flush()
    return token


async def set_up(session: AsyncSession, token: str, *, name: str, password: str) -> User:
    """Make the first administrator; all set-up tokens die with it.

    Of many at once one succeeds: each deletes every token, and the database lets one delete a row.
    """
    password_hash = await hash_password(password)
    found = await session.execute(
        delete(SetupToken).returning(SetupToken.token_hash, SetupToken.expires_at)
    )
    valid = {row.token_hash for row in found if row.expires_at > utcnow()}
    if hash_token(token) not in valid or await has_users(session):
        raise ForbiddenError("This set-up link is used, expired or wrong.")
    return await add_user(session, name=name, password_hash=password_hash, is_admin=True)


async def add_user(
    session: AsyncSession, *, name: str, password_hash: str, is_admin: bool = False
) -> User:
    if await session.scalar(select(User.id).where(User.name == name)):
        raise ConflictError(f"The name {name!r} is taken.", "name")
    user = User(name=name, password_hash=password_hash, is_admin=is_admin)
    session.add(user)
    await session.flush()
    return user


async def authenticate(session: AsyncSession, name: str, password: str) -> User:
    """Return the user; a stranger costs the same time and gets the same answer."""
    user = await session.scalar(select(User).where(User.name == name))
    known = await check_password(password, user.password_hash if user else None)
    if user is None or not known:
        raise UnauthorizedError("Unknown name or wrong password.")
    return user


async def open_session(session: AsyncSession, user: User) -> str:
    """Return the secret of a new browser session."""
    token = make_token()
    expires_at = utcnow() + SESSION_LIFE
    session.add(UserSession(user=user, token_hash=hash_token(token), expires_at=expires_at))
    await session.flush()
    return token


async def close_session(session: AsyncSession, token: str) -> None:
    await session.execute(delete(UserSession).where(UserSession.token_hash == hash_token(token)))


async def add_api_token(session: AsyncSession, user: User, name: str) -> tuple[str, ApiToken]:
    """Return a new API token, shown this once, and its row."""
    secret = TOKEN_PREFIX + make_token()
    expires_at = utcnow() + TOKEN_LIFE
    row = ApiToken(user=user, name=name, token_hash=hash_token(secret), expires_at=expires_at)
    session.add(row)
    await session.flush()
    return secret, row


def select_session_user(token: str) -> Select[User]:
    valid = UserSession.token_hash == hash_token(token), UserSession.expires_at > utcnow()
    return select(User).join(UserSession, UserSession.user_id == User.id).where(*valid)


def select_token_user(token: str) -> Select[User]:
    valid = ApiToken.token_hash == hash_token(token), ApiToken.expires_at > utcnow()
    return select(User).join(ApiToken, ApiToken.user_id == User.id).where(*valid)


async def find_session_user(session: AsyncSession, token: str) -> User | None:
    return await session.scalar(select_session_user(token))


async def find_token_user(session: AsyncSession, token: str) -> User | None:
    return await session.scalar(select_token_user(token))
