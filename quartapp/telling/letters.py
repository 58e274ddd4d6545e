"""What people are told by mail."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import AppError
from quartapp.extensions import db
from quartapp.mail import send_mail
from quartapp.mail.links import write_link
from quartapp.models import Delivery, Entity, Event, User
from quartapp.services.channel import NO_ADDRESS, find_recipient
from quartapp.services.claim import ask_time
from quartapp.services.tell import (
    Notice,
    lock_letters,
    make_notice,
    record_told,
    record_untold,
)
from quartapp.texts import Text

Context = dict[str, Any]

MAILS = 20  # deliveries that are due, written in one transaction
DEFECT = Text("This is a defect of ours; the log tells more.")

logger = logging.getLogger(__name__)


async def tell_by_mail() -> int:
    """Write what is due into the outbox, in the transaction that records it as told."""
    async with db.begin() as session:
        now = await ask_time(session)
        letters = await lock_letters(session, now=now, limit=MAILS)
        for rows in letters:
            await write_letter(session, rows, now)
    return len(letters)


async def write_letter(session: AsyncSession, rows: list[Delivery], now: datetime) -> None:
    """Write what one channel is told of at once."""
    recipient = find_recipient(rows[0].channel.user)
    error = await try_to_write(session, recipient, rows, now) if recipient else NO_ADDRESS
    for row in rows:
        row.attempts += 1
        if error is None:
            await record_told(session, row, now)
        else:
            await record_untold(session, row, now, error, final=recipient is None)


async def try_to_write(
    session: AsyncSession, recipient: str, rows: list[Delivery], now: datetime
) -> str | None:
    """Put a letter into the outbox; return what is wrong with it."""
    notices = [await make_notice(session, row, now) for row in rows]
    try:
        await send_notices(session, rows[0].channel.user, recipient, notices)
    except SQLAlchemyError:
        raise
    except AppError as error:
        return error.text
    except Exception:
        logger.exception("Delivery %d cannot be written.", rows[0].id)
        return DEFECT
    return None


async def send_notices(
    session: AsyncSession, user: User, recipient: str, notices: list[Notice]
) -> None:
    settings = write_link("/account/channels")
    if len(notices) > 1:
        sites = group_by_site(notices)
        context: Context = {"sites": sites, "count": len(notices), "settings": settings}
        await send_mail(session, "gathered", recipient, language=user.language, **context)
        return
    (notice,) = notices
    event = notice.event
    link = write_timeline(event.entity) if event else write_link("/")
    context = {"notice": notice, "event": event, "link": link, "settings": settings}
    await send_mail(session, "told", recipient, language=user.language, **context)


def group_by_site(notices: list[Notice]) -> list[tuple[Entity, str, list[Event]]]:
    """Return each site, the address of its time line, and what happened to it."""
    events = [notice.event for notice in notices if notice.event]
    sites = {event.entity_id: event.entity for event in events}
    return [
        (site, write_timeline(site), [event for event in events if event.entity_id == site.id])
        for site in sites.values()
    ]


def write_timeline(entity: Entity) -> str:
    return write_link(f"/entities/{entity.slug}/timeline")
