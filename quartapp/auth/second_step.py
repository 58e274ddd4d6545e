"""Between a right password and the code of the second factor: a browser that is not signed in."""

from hmac import compare_digest
from typing import NamedTuple

from cryptography.fernet import MultiFernet
from quart import current_app

from quartapp.auth.tickets import find_ticket, keep_ticket
from quartapp.errors import CodeNeededError, UnauthorizedError
from quartapp.extensions import db, limiter
from quartapp.models import User
from quartapp.security import hash_token, make_box
from quartapp.services.second_factor import has_second_factor, use_code
from quartapp.texts import Text

PURPOSE = "second-step"


class SecondStep(NamedTuple):
    """Who gave the right password just now, and how they want to be signed in."""

    user: User
    remember: bool


def begin_second_step(user: User, *, remember: bool) -> None:
    keep_ticket(PURPOSE, [user.id, hash_token(user.password_hash), remember])


async def find_second_step() -> SecondStep | None:
    """Return who is on the way in; a new password or the end of an account stops them."""
    ticket = find_ticket(PURPOSE)
    if ticket is None:
        return None
    user_id, password, remember = ticket
    user = await db.session.get(User, user_id)
    if user is None or not user.is_active:
        return None
    if not compare_digest(hash_token(user.password_hash), password):
        return None
    return SecondStep(user, remember)


async def check_code(user: User, code: str) -> None:
    """Take a code of the second factor, which counts as a guess; UnauthorizedError if wrong."""
    await limiter.check_second_factor(user.id)
    try:
        await use_code(db.session, user, code, box=get_box())
    except UnauthorizedError:
        await db.session.commit()  # that it was wrong is kept, whatever becomes of the request
        raise


async def require_code(user: User, code: str | None) -> None:
    """Ask who has a second factor for a code of it; the password was right."""
    if not await has_second_factor(db.session, user):
        return
    if code is None:
        raise CodeNeededError(
            Text("This account has a second factor: send a code of it, too, as code.")
        )
    await check_code(user, code)


def get_box() -> MultiFernet:
    """Return what seals the secrets of this installation."""
    config = current_app.config
    return make_box([config["SECRET_KEY"], *config["SECRET_KEY_FALLBACKS"]])
