"""What people are told by mail."""

import logging
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import AppError
from quartapp.extensions import db
from quartapp.mail import send_mail
from quartapp.mail.links import write_link
from quartapp.models import ChannelKind, Delivery, utcnow
from quartapp.services.channel import NO_ADDRESS, find_recipient
from quartapp.services.tell import (
    Notice,
    lock_deliveries,
    make_notice,
    record_told,
    record_untold,
)

MAILS = 20  # that are written in one transaction
DEFECT = "This is a defect of ours; the log tells more."

logger = logging.getLogger(__name__)


async def tell_by_mail() -> int:
    """Write what is due into the outbox, in the transaction that records it as told."""
    now = utcnow()
    async with db.begin() as session:
        rows = await lock_deliveries(session, ChannelKind.MAIL, now=now, limit=MAILS)
        for row in rows:
            await write_mail(session, row, now)
    return len(rows)


async def write_mail(session: AsyncSession, row: Delivery, now: datetime) -> None:
    recipient = find_recipient(row.channel.user)
    if recipient is None:
        await record_untold(session, row, now, NO_ADDRESS, final=True)
        return
    notice = await make_notice(session, row, now)
    try:
        await send_notice(session, recipient, notice)
    except SQLAlchemyError:
        raise
    except AppError as error:
        await record_untold(session, row, now, str(error))
    except Exception:
        logger.exception("Delivery %d cannot be written.", row.id)
        await record_untold(session, row, now, DEFECT)
    else:
        await record_told(session, row, now)


async def send_notice(session: AsyncSession, recipient: str, notice: Notice) -> None:
    event = notice.event
    path = f"/entities/{event.entity.slug}/timeline" if event else "/"
    links = {"link": write_link(path), "settings": write_link("/account/channels")}
    await send_mail(session, "told", recipient, notice=notice, event=event, **links)
