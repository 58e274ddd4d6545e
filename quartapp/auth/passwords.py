"""Who knows a password: asked where nothing waits for the database, as hashing takes long."""

from quartapp.errors import UnauthorizedError
from quartapp.extensions import db, limiter
from quartapp.models import Action, User
from quartapp.security import check_password, is_outdated
from quartapp.services.audit import record_event
from quartapp.services.user import find_user_by_login, renew_hash

UNKNOWN = "Unknown name or wrong password."


async def authenticate(login: str, password: str) -> User:
    """Return the user; UnauthorizedError, after equal time and in equal words, for a stranger.

    It counts as a guess, also when it is right. What this request did before in the database is
    undone: an open transaction would hold up others while the password is hashed.
    """
    await limiter.check_login(login)
    await db.discard()
    async with db.read() as session:
        user = await find_user_by_login(session, login)
    is_right = await check_password(password, user.password_hash if user else None)
    if user is None or not is_right or not user.is_active:
        await record_event(db.session, Action.LOGIN_FAILED, by=None, on=user)
        await db.session.commit()  # it is kept, whatever becomes of the request
        raise UnauthorizedError(UNKNOWN)
    if is_outdated(user.password_hash):
        user.password_hash = await renew_hash(db.session, user, password)
    return user
