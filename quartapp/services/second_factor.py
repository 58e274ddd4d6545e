"""Second factors: turned on, asked for, turned off."""

import base64
import logging
import re
import secrets

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult, Result
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError, ConflictError, InvalidError, UnauthorizedError
from quartapp.models import Action, Passkey, RecoveryCode, SecondFactor, User, utcnow
from quartapp.models.second_factor import RECOVERY_CODES, find_step, make_secret
from quartapp.security import MIN_PASSWORD, hash_token, normalize_password
from quartapp.services.audit import record_event
from quartapp.services.link import void_move
from quartapp.texts import Text

PROPOSAL_LIFE = 15 * 60  # s in which a secret that was shown can be confirmed
RECOVERY_BYTES = 15  # 120 bits: 112 or more need no slow hash (ASVS 6.5.2)
APP_CODE = re.compile("[0-9]{6}")
TABLES = (SecondFactor, RecoveryCode)
WRONG = Text("This code is wrong, expired or used.")

logger = logging.getLogger(__name__)


def propose_secret(box: MultiFernet) -> str:
    """Return a new secret, sealed: the page that shows it hands it back with the first code."""
    return box.encrypt(make_secret().encode()).decode()


def open_proposal(box: MultiFernet, sealed: str) -> str:
    try:
        return box.decrypt(sealed.encode(), ttl=PROPOSAL_LIFE).decode()
    except InvalidToken as error:
        raise BadRequestError(Text("This page has expired; load it anew.")) from error


async def find_second_factor(session: AsyncSession, user: User) -> SecondFactor | None:
    return await session.scalar(select(SecondFactor).where(SecondFactor.user_id == user.id))


async def has_second_factor(session: AsyncSession, user: User) -> bool:
    found = select(SecondFactor.id).where(SecondFactor.user_id == user.id)
    return await session.scalar(found) is not None


async def has_any_factor(session: AsyncSession, user: User) -> bool:
    """Tell whether *user* has an app that makes codes, or a passkey."""
    has_app = exists().where(SecondFactor.user_id == user.id)
    has_passkey = exists().where(Passkey.user_id == user.id)
    return bool(await session.scalar(select(or_(has_app, has_passkey))))


async def add_second_factor(
    session: AsyncSession, user: User, secret: str, code: str, *, box: MultiFernet
) -> list[str]:
    """Ask for codes from now on; return those for who loses the app. *code* shows that it works."""
    if await has_second_factor(session, user):
        raise ConflictError(Text("Your account has a second factor already; turn it off first."))
    step = find_step(secret, clean_code(code), utcnow())
    if step is None:
        raise InvalidError.of_field("code", Text("This is not the code that the app shows now."))
    sealed = box.encrypt(secret.encode()).decode()
    session.add(SecondFactor(user_id=user.id, sealed_secret=sealed, last_step=step))
    await record_event(session, Action.SECOND_FACTOR_ON, by=user, on=user)
    return await write_recovery_codes(session, user)


async def turn_off(session: AsyncSession, user: User, password: str) -> None:
    """Ask for the password alone again; InvalidError when *password*, theirs, is too short then."""
    if len(normalize_password(password)) < MIN_PASSWORD:
        raise InvalidError.of_field(
            "password",
            Text(
                "Alone, a password needs %(least)s characters: choose a longer one first.",
                least=MIN_PASSWORD,
            ),
        )
    await remove_second_factor(session, user, user)


async def remove_second_factor(session: AsyncSession, user: User, by: User | None) -> bool:
    """Forget the secret and every recovery code; False when it was not on."""
    was_on = await has_second_factor(session, user)
    for table in TABLES:
        await session.execute(delete(table).where(table.user_id == user.id))
    if was_on:
        await record_event(session, Action.SECOND_FACTOR_OFF, by=by, on=user)
    return was_on


async def replace_recovery_codes(session: AsyncSession, user: User) -> list[str]:
    """Return new codes, shown this once; the old ones are void, and a link that moves the mail."""
    if not await has_second_factor(session, user):
        raise ConflictError(Text("Your account has no second factor; turn it on first."))
    codes = await write_recovery_codes(session, user)
    await void_move(session, user)
    await record_event(session, Action.RECOVERY_CODES_MADE, by=user, on=user)
    return codes


async def write_recovery_codes(session: AsyncSession, user: User) -> list[str]:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [make_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [hash_token(clean_code(code)) for code in codes]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=code_hash) for code_hash in hashes)
    await session.flush()
    return codes


async def count_recovery_codes(session: AsyncSession, user: User) -> int:
    found = select(func.count(RecoveryCode.id)).where(RecoveryCode.user_id == user.id)
    return await session.scalar(found) or 0


def make_recovery_code() -> str:
    """Return six groups of letters and digits that are not taken for one another."""
    plain = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def clean_code(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


async def use_code(session: AsyncSession, user: User, code: str, *, box: MultiFernet) -> None:
    """Take a code of the app or one for recovery; UnauthorizedError when it does not hold.

    That is recorded, for the caller to commit. Of many at once one succeeds: the database lets one
    change the row.
    """
    plain = clean_code(code)
    if APP_CODE.fullmatch(plain):
        is_right = await use_app_code(session, user, plain, box)
    else:
        is_right = await use_recovery_code(session, user, plain)
    if not is_right:
        await record_event(session, Action.CODE_FAILED, by=None, on=user)
        raise UnauthorizedError(WRONG)


async def use_app_code(session: AsyncSession, user: User, code: str, box: MultiFernet) -> bool:
    """Tell whether *code* holds, and void it and those before it; reseal by today's key."""
    row = await find_second_factor(session, user)
    if row is None:
        return False
    try:
        secret = box.decrypt(row.sealed_secret.encode()).decode()
    except InvalidToken:
        logger.error("SECRET_KEY and its fallbacks do not open user %d's second factor.", user.id)
        return False
    step = find_step(secret, code, utcnow())
    if step is None:
        return False
    unused = SecondFactor.id == row.id, SecondFactor.last_step < step
    values = {"last_step": step, "sealed_secret": box.rotate(row.sealed_secret).decode()}
    return has_changed(await session.execute(update(SecondFactor).where(*unused).values(values)))


async def use_recovery_code(session: AsyncSession, user: User, code: str) -> bool:
    own = RecoveryCode.user_id == user.id, RecoveryCode.code_hash == hash_token(code)
    return has_changed(await session.execute(delete(RecoveryCode).where(*own)))


def has_changed(done: Result[tuple[()]]) -> bool:
    return isinstance(done, CursorResult) and done.rowcount == 1
