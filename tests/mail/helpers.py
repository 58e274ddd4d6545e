"""What tests of the mail share: messages in the outbox, and what became of them."""

from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import OutboxMessage
from quartapp.services.outbox import add_message

ALICE = "alice@example.org"


async def add_mail(
    recipient: str = ALICE, subject: str = "Hello", text: str = "text", html: str = "<p>html"
) -> str:
    """Return the Message-ID."""
    async with db.begin() as session:
        message = await add_message(
            session, recipient=recipient, subject=subject, text=text, html=html
        )
        return message.message_id


async def load_messages() -> list[OutboxMessage]:
    async with db.read() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


async def find_states() -> list[tuple[str, str]]:
    return [(message.state.value, message.last_error) for message in await load_messages()]
