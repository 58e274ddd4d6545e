"""What is somebody's alone, with a name of theirs in it, which no answer to others may have."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import ApiToken, Channel, Delivery, Passkey, User, UserSession, utcnow
from tests.security.things import make_channel_id, make_passkey_id, make_token_id

# Routes that tell who asks of what is theirs, so that the name is in each answer.
TELLING = {
    *("account.show", "account.data", "account.sessions", "account.tokens"),
    *("channel.index", "channel.show", "channel.edit", "passkey.index"),
    *("api_v1.channel.index", "api_v1.channel.show", "api_v1.channel.deliveries"),
    *("api_v1.user.show_me", "api_v1.user.show_my_data", "api_v1.session.index"),
    *("api_v1.token.index", "api_v1.token.show"),
}
PRIVATE = {"credential", "personal", "private"}  # policies of what others may not see


def make_name(asker: str) -> str:
    return f"belongs-to-{asker}"


async def add_belongings(session: AsyncSession, user: User, name: str) -> None:
    """Give somebody one of each kind."""
    for make in (make_token_id, make_channel_id, make_passkey_id):
        await make(session, user, False, {})
    await name_belongings(session, user, name)


async def name_belongings(session: AsyncSession, user: User, name: str) -> None:
    """Put the name into all that is theirs by now."""
    values: dict[Any, dict[str, str]] = {
        ApiToken: {"name": name},
        UserSession: {"browser": name},
        Passkey: {"name": name},
        Channel: {"url": f"https://{name}.test/", "host": f"{name}.test", "last_error": name},
    }
    await session.execute(
        update(User).where(User.id == user.id).values(email=f"{name}@secret.test")
    )
    for kind, named in values.items():
        await session.execute(update(kind).where(kind.user_id == user.id).values(**named))
    for channel_id in await session.scalars(select(Channel.id).where(Channel.user_id == user.id)):
        now = utcnow()
        failed = {"planned_at": now, "failed_at": now, "last_error": name}
        session.add(Delivery(channel_id=channel_id, **failed))
