"""Programs that call the API: their tokens."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ForbiddenError, NotFoundError
from quartapp.models import Action, ApiToken, Scope, User, utcnow
from quartapp.models.rights import may_administer, may_see_what_is_of
from quartapp.models.token import HINT_LENGTH
from quartapp.security import hash_token, is_api_token, make_api_token
from quartapp.services.audit import record_event
from quartapp.services.batch import pad
from quartapp.services.user import matches, refuse_changed
from quartapp.texts import Text

TOKEN_LIFE = timedelta(days=90)


async def add_token(
    session: AsyncSession,
    user: User,
    name: str,
    *,
    scope: Scope = Scope.WRITE,
    life: timedelta = TOKEN_LIFE,
    by: User | None = None,
) -> tuple[str, ApiToken]:
    """Return a new token, shown this once, and its row; ForbiddenError for more than one has."""
    if scope == Scope.ADMIN and not may_administer(user):
        raise ForbiddenError(Text("Only administrators may have a token with the scope admin."))
    await refuse_changed(session, user)
    secret = make_api_token()
    row = ApiToken(
        user_id=user.id,
        name=name,
        scope=scope,
        hint=secret[:HINT_LENGTH],
        token_hash=hash_token(secret),
        expires_at=utcnow() + life,
    )
    session.add(row)
    await record_event(session, Action.TOKEN_MADE, by=by, on=user, detail=f"{name} ({scope})")
    return secret, row


def select_valid() -> Select[ApiToken]:
    """Tokens that hold, of people who may come in; users loaded."""
    query = select(ApiToken).join(ApiToken.user).options(joinedload(ApiToken.user))
    return query.where(ApiToken.expires_at > utcnow(), User.disabled_at.is_(None))


async def find_token(session: AsyncSession, secret: str) -> ApiToken | None:
    """Return the token that a request carries, its user loaded; a misspelt one asks nobody."""
    if not is_api_token(secret):
        return None
    return await session.scalar(select_valid().where(ApiToken.token_hash == hash_token(secret)))


async def load_tokens(session: AsyncSession, hashes: list[str]) -> dict[str, ApiToken]:
    """Return those of these hashes that hold, by their hashes; users loaded."""
    query = select_valid().where(ApiToken.token_hash.in_(pad(hashes)))
    return {row.token_hash: row for row in await session.scalars(query)}


async def record_use(session: AsyncSession, row: ApiToken) -> None:
    """Write down that a request came, for `row.is_unnoted()`."""
    await session.execute(update(ApiToken).where(ApiToken.id == row.id).values(used_at=utcnow()))


def select_tokens(user: User) -> Select[ApiToken]:
    """The tokens of *user*, the newest first."""
    return select_all_tokens().where(ApiToken.user_id == user.id)


def select_all_tokens(person: str = "") -> Select[ApiToken]:
    """Everybody's, or those of whose name or address *person* is a part; users loaded."""
    query = select_valid().where(matches(person)) if person else select_valid()
    return query.order_by(ApiToken.id.desc())


async def get_token(
    session: AsyncSession, token_id: int, *, seen_by: User, as_admin: bool = False
) -> ApiToken:
    row = await session.scalar(select_valid().where(ApiToken.id == token_id))
    if row is None or not may_see_what_is_of(seen_by, row.user_id, as_admin=as_admin):
        raise NotFoundError(Text("There is no token %(token_id)s.", token_id=token_id))
    return row


async def remove_token(
    session: AsyncSession, token_id: int, by: User | None, *, as_admin: bool = False
) -> ApiToken:
    """Revoke one token: one's own, or anyone's for who acts as administrator or by a command."""
    row = await session.scalar(select_valid().where(ApiToken.id == token_id))
    is_seen = row and (by is None or may_see_what_is_of(by, row.user_id, as_admin=as_admin))
    if row is None or not is_seen:
        raise NotFoundError(Text("There is no token %(token_id)s.", token_id=token_id))
    await session.delete(row)
    await record_event(session, Action.TOKEN_REVOKED, by=by, on=row.user, detail=row.name)
    return row


async def remove_tokens(session: AsyncSession, user: User, by: User) -> int:
    """Revoke all tokens of *user*, one event names them; return how many held."""
    names = [row.name for row in await session.scalars(select_tokens(user))]
    await session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))
    if names:
        detail = ", ".join(names)
        await record_event(session, Action.TOKEN_REVOKED, by=by, on=user, detail=detail)
    return len(names)


async def find_ended_tokens(session: AsyncSession, hashes: Collection[str]) -> set[str]:
    """Return those of *hashes* that let nobody in any more; SQLite gives the last id anew."""
    valid = await session.scalars(select_valid().where(ApiToken.token_hash.in_(hashes)))
    return set(hashes) - {row.token_hash for row in valid}
