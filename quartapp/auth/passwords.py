"""Who knows a password, and new ones: hashed where nothing waits for the database."""

from quartapp.errors import UnauthorizedError
from quartapp.extensions import db, limiter
from quartapp.models import Action, Purpose, User
from quartapp.security import check_password, hash_password, is_outdated
from quartapp.services.audit import record_event
from quartapp.services.link import get_link
from quartapp.services.password import find_own_words, refuse_weak_password
from quartapp.services.user import find_user_by_login, keep_hash, refuse_weak_password_of
from quartapp.texts import Text

UNKNOWN = Text("Unknown name or wrong password.")


async def authenticate(login: str, password: str) -> User:
    """Return the user; UnauthorizedError, after equal time and in equal words, for a stranger.

    It counts as a guess, also when it is right. What this request did before in the database is
    undone: an open transaction would hold up others while the password is hashed.
    """
    await limiter.check_login(login)
    await db.discard()
    async with db.read() as session:
        user = await find_user_by_login(session, login)
    is_counted = await limiter.may_guess(login, user.id if user else None)
    is_right = await check_password(password, user.password_hash if user and is_counted else None)
    if user is None or not is_right or not user.is_active:
        await record_event(db.session, Action.LOGIN_FAILED, by=None, on=user)
        await db.session.commit()  # it is kept, whatever becomes of the request
        raise UnauthorizedError(UNKNOWN)
    if is_outdated(user.password_hash):
        await renew_hash(user, password)
    return user


async def authenticate_again(user: User, password: str) -> User:
    """Return *user* as they are now, who give their own password once more.

    UnauthorizedError also for that of somebody else, who has got their name since it was read.
    """
    found = await authenticate(user.name, password)
    if found.id != user.id:
        raise UnauthorizedError(UNKNOWN)
    return found


async def renew_hash(user: User, password: str) -> None:
    """Hash the password that was right just now with the parameters of today."""
    password_hash = await hash_password(password)
    async with db.begin() as session:
        is_kept = await keep_hash(session, user, password_hash)
    if is_kept:
        user.password_hash = password_hash


async def hash_new_password(user: User, password: str) -> str:
    """Return the hash of a password that *user* chose; InvalidError when it is too weak.

    What this request did before in the database is undone, as by `authenticate`.
    """
    await db.discard()
    async with db.read() as session:
        await refuse_weak_password_of(session, user, password)
    return await hash_password(password)


async def hash_password_by_link(
    token: str, password: str, *purposes: Purpose, name: str = ""
) -> str:
    """Do the same for who has a link, which is not used up; BadRequestError when it is void."""
    await db.discard()
    async with db.read() as session:
        link = await get_link(session, token, *purposes)
        if link.user_id:
            user = await session.get_one(User, link.user_id)
            await refuse_weak_password_of(session, user, password)
        else:
            refuse_weak_password(password, own_words=find_own_words(name, link.email))
    return await hash_password(password)
