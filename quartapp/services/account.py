"""What people do with their own account: begin it, find back into it, move it, end it."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Action, Link, Purpose, Role, User, utcnow
from quartapp.models.link import TO_REGISTER
from quartapp.models.text import is_address
from quartapp.models.user import Theme
from quartapp.services.audit import record_event
from quartapp.services.link import add_link, remove_links, use_link, void_invitations
from quartapp.services.people import keep_an_admin
from quartapp.services.session import close_sessions, refuse_ended
from quartapp.services.token import remove_tokens
from quartapp.services.user import (
    add_user,
    edit_password,
    find_user_by_email,
    find_user_by_login,
    refuse_changed,
    refuse_taken,
)


async def ask_to_register(session: AsyncSession, email: str) -> str | None:
    """Return the secret of a link to register with; None when the address has an account.

    The one before it is void; an invitation is not, which may give more rights.
    """
    if await find_user_by_email(session, email):
        return None
    await session.execute(delete(Link).where(Link.purpose == Purpose.JOIN, Link.email == email))
    return await add_link(session, Purpose.JOIN, email=email, role=Role.VIEWER)


async def register(session: AsyncSession, token: str, *, name: str, password_hash: str) -> User:
    """Make the account that a link invites to; whoever got it by mail has shown the address."""
    link = await use_link(session, token, *TO_REGISTER)
    user = await add_user(
        session,
        name=name,
        password_hash=password_hash,
        role=link.role or Role.VIEWER,
        email=link.email,
    )
    user.email_confirmed_at = utcnow() if link.email else None
    others = Link.purpose.in_(TO_REGISTER), Link.email == link.email
    await session.execute(delete(Link).where(*others))
    await session.flush()
    return user


async def edit_preferences(session: AsyncSession, user: User, language: str, theme: str) -> None:
    """Choose the language of pages and mails, and how pages look; nothing: as the browser says."""
    user.language = language or None
    user.theme = Theme(theme) if theme else None
    await session.flush()


async def ask_to_reset(session: AsyncSession, login: str) -> tuple[str, str] | None:
    """Return where to send the secret of a link to choose a new password; None: to nobody."""
    user = await find_user_by_login(session, login)
    email = user.email if user and user.is_active else None
    if email is None or not is_address(email):
        return None
    return email, await add_link(session, Purpose.RESET, user=user)


async def reset_password(session: AsyncSession, token: str, password_hash: str) -> tuple[User, int]:
    """Set the password of whose link it is; return also how many tokens that has revoked.

    Whoever knew the old one may have made them. Every session ends, every other link is void.
    """
    link = await use_link(session, token, Purpose.RESET)
    user = await session.get_one(User, link.user_id)
    await edit_password(session, user, password_hash)
    await close_sessions(session, user)
    await remove_links(session, user)
    return user, await remove_tokens(session, user, user)


async def ask_to_move(
    session: AsyncSession, user: User, email: str, *, session_id: int | None = None
) -> str | None:
    """Return the secret of a link that confirms *email*; None when it has an account.

    It is void when sessions of *user* are ended, as by a new password, or when a factor changes.
    UnauthorizedError when the session in which they ask has ended meanwhile.
    """
    await refuse_changed(session, user)
    if session_id is not None:
        await refuse_ended(session, session_id, user)
    found = await find_user_by_email(session, email)
    if found is not None and found.id != user.id:
        return None
    return await add_link(session, Purpose.CONFIRM, user=user, email=email)


async def confirm_email(session: AsyncSession, token: str) -> tuple[User, str | None]:
    """Give somebody the address that their link confirms; return also the one before it."""
    link = await use_link(session, token, Purpose.CONFIRM)
    user = await session.get_one(User, link.user_id)
    before = user.email
    if link.email != before:
        await refuse_taken(session, name=None, email=link.email)
    user.email, user.email_confirmed_at = link.email, utcnow()
    await remove_links(session, user)
    detail = link.email or ""
    await record_event(session, Action.EMAIL_CONFIRMED, by=user, on=user, detail=detail)
    if before is None or before == link.email or not is_address(before):
        return user, None
    return user, before


async def remove_account(session: AsyncSession, user: User) -> None:
    """Remove an account; what the person wrote stays, without their name."""
    if user.is_admin:
        await keep_an_admin(session, user, user)
        await void_invitations(session, user)
    await record_event(session, Action.USER_REMOVED, by=user, on=user)
    await session.execute(delete(User).where(User.id == user.id))
