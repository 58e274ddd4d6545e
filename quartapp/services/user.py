"""Accounts."""

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError, ConflictError, UnauthorizedError
from quartapp.models import Action, Link, Purpose, Role, User, utcnow
from quartapp.models.text import fold_email, unify_name
from quartapp.security import hash_token
from quartapp.services.audit import record_event
from quartapp.services.link import VOID, add_link, remove_links
from quartapp.services.password import find_own_words, refuse_weak_password
from quartapp.services.second_factor import has_second_factor
from quartapp.texts import Text


def matches(search: str) -> ColumnElement[bool]:
    """The condition that *search* is a part of a person's name or address."""
    columns = User.name, User.email
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


async def has_users(session: AsyncSession) -> bool:
    return await session.scalar(select(User.id).limit(1)) is not None


async def add_setup_token(session: AsyncSession) -> str:
    """Return a new token that makes the first administrator; ConflictError when there is a user."""
    if await has_users(session):
        raise ConflictError(Text("There is a user already: sign in instead."))
    return await add_link(session, Purpose.SETUP)


async def set_up(session: AsyncSession, token: str, *, name: str, password_hash: str) -> User:
    """Make the first administrator; all set-up links die with it.

    Of many at once one succeeds: each locks every link first, and the others find none left.
    """
    links = select(Link).where(Link.purpose == Purpose.SETUP).order_by(Link.id)
    found = await session.scalars(links.with_for_update())
    valid = {link.token_hash for link in found if link.expires_at > utcnow()}
    if hash_token(token) not in valid or await has_users(session):
        raise BadRequestError(VOID)
    await session.execute(delete(Link).where(Link.purpose == Purpose.SETUP))
    user = await add_user(session, name=name, password_hash=password_hash, role=Role.ADMIN)
    await record_event(session, Action.SET_UP, by=user, on=user)
    return user


async def add_user(
    session: AsyncSession,
    *,
    name: str,
    password_hash: str,
    role: Role = Role.VIEWER,
    email: str | None = None,
    by: User | None = None,
) -> User:
    await refuse_taken(session, name=name, email=email)
    user = User(name=name, password_hash=password_hash, role=role, email=email)
    session.add(user)
    await session.flush()
    await record_event(session, Action.USER_CREATED, by=by, on=user, detail=role)
    return user


async def refuse_taken(session: AsyncSession, *, name: str | None, email: str | None) -> None:
    """Refuse a name that would be read as somebody else's, or an address that is in use."""
    same = func.lower(User.name) == func.lower(name)  # both there: Python has another small sigma
    if name:
        await session.execute(lock_names())
    if name and await session.scalar(select(User.id).where(same)):
        raise ConflictError(Text("The name %(name)s is taken.", name=repr(name)), "name")
    if email and await session.scalar(select(User.id).where(User.email == email)):
        raise ConflictError(Text("This address belongs to another account."), "email")


def lock_names() -> Select[int]:
    """Let those who take names take turns, by who gives accounts: no index knows names alike."""
    admins = select(User.id).where(User.role == Role.ADMIN).order_by(User.id)
    return admins.with_for_update(key_share=True)


async def refuse_weak_password_of(session: AsyncSession, user: User, password: str) -> None:
    refuse_weak_password(
        password,
        own_words=find_own_words(user.name, user.email),
        has_second_factor=await has_second_factor(session, user),
    )


async def edit_password(session: AsyncSession, user: User, password_hash: str) -> None:
    """Give *user* a new password; links to choose one are void. Ending sessions is the caller's.

    ConflictError when it is not the one any more that *user* was read with.
    """
    if not await keep_hash(session, user, password_hash):
        raise ConflictError(Text("The password was changed in the meantime."))
    await remove_links(session, user, Purpose.RESET)
    await record_event(session, Action.PASSWORD_CHANGED, by=user, on=user)


async def keep_hash(session: AsyncSession, user: User, password_hash: str) -> bool:
    """Tell whether it took the place of the hash that *user* was read with: hashing takes long."""
    unchanged = User.id == user.id, User.password_hash == user.password_hash
    query = update(User).where(*unchanged).values(password_hash=password_hash)
    done = await session.execute(query)
    return isinstance(done, CursorResult) and done.rowcount == 1


async def refuse_changed(session: AsyncSession, user: User) -> None:
    """Let in only who may still come in by what was checked when *user* was read.

    That takes a while, in which the password may be reset or the account disabled. The row stays
    locked until the end, so that what follows is seen by whoever does either.
    """
    unchanged = User.id == user.id, User.password_hash == user.password_hash
    query = select(User.id).where(*unchanged, User.disabled_at.is_(None))
    if await session.scalar(query.with_for_update(key_share=True)) is None:
        raise UnauthorizedError(Text("Your account was changed meanwhile: sign in again."))


async def find_user_by_login(session: AsyncSession, login: str) -> User | None:
    """Return who signs in as *login*, a user name or an e-mail address."""
    return await session.scalar(
        select(User)
        .where(or_(User.name.in_((login, unify_name(login))), User.email == fold_email(login)))
        .order_by((User.name == login).desc())
        .limit(1)
    )


async def find_user_by_email(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))
