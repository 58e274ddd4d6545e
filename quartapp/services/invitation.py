"""Invitations: links with which somebody registers, in a role that is chosen beforehand."""

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import InvalidError, NotFoundError
from quartapp.models import Action, Link, Purpose, Role, User, utcnow
from quartapp.models.text import clean_email
from quartapp.security import hash_token
from quartapp.services.audit import record_event
from quartapp.services.link import add_link
from quartapp.services.people import refuse_others
from quartapp.services.user import refuse_taken
from quartapp.texts import Text, find_text

IS_INVITATION = Link.purpose == Purpose.INVITE


def select_invitations() -> Select[Link]:
    """The invitations that still hold, the newest first."""
    return select(Link).where(IS_INVITATION, Link.expires_at > utcnow()).order_by(Link.id.desc())


async def get_invitation(session: AsyncSession, link_id: int) -> Link:
    link = await session.scalar(select_invitations().where(Link.id == link_id))
    if link is None:
        raise NotFoundError(Text("There is no invitation %(link_id)s.", link_id=link_id))
    return link


async def add_invitation(
    session: AsyncSession, email: str, role: Role, by: User | None
) -> tuple[str, Link]:
    """Return the secret of a new invitation, and its row; older ones to this address are void."""
    refuse_others(by)
    email = check_email(email)
    await refuse_taken(session, name=None, email=email)
    await session.execute(delete(Link).where(IS_INVITATION, Link.email == email))
    token = await add_link(session, Purpose.INVITE, email=email, role=role)
    link = (await session.scalars(select(Link).where(Link.token_hash == hash_token(token)))).one()
    await record_event(session, Action.INVITED, by=by, on=link, detail=role)
    return token, link


def check_email(email: str) -> str:
    """Return *email* as it is kept; InvalidError when no mail can be sent there."""
    try:
        return clean_email(email)
    except ValueError as error:
        raise InvalidError.of_field("email", find_text(error)) from error


async def remove_invitation(session: AsyncSession, link_id: int, by: User) -> Link:
    refuse_others(by)
    link = await get_invitation(session, link_id)
    await session.delete(link)
    await record_event(session, Action.INVITATION_REVOKED, by=by, on=link)
    return link
