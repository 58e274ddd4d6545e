"""Accounts, as administrators look after them; without `by`, a command does."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError, ForbiddenError, NotFoundError
from quartapp.models import Action, Purpose, Role, User, utcnow
from quartapp.models.rights import may_administer, may_see_user
from quartapp.models.user import NO_PASSWORD
from quartapp.services.audit import record_event
from quartapp.services.link import add_link, remove_links, void_invitations
from quartapp.services.passkey import remove_passkeys
from quartapp.services.second_factor import remove_second_factor
from quartapp.services.session import close_sessions
from quartapp.services.user import matches, refuse_taken
from quartapp.texts import Text


def select_users(search: str = "") -> Select[User]:
    """All people by name; *search* is a part of a name or an address."""
    query = select(User).order_by(User.name, User.id)
    return query.where(matches(search)) if search else query


async def get_user_by_id(session: AsyncSession, user_id: int, *, seen_by: User) -> User:
    """Return oneself, or anyone for administrators."""
    user = await session.get(User, user_id)
    if user is None or not may_see_user(seen_by, user):
        raise NotFoundError(Text("There is no user %(user_id)s.", user_id=user_id))
    return user


async def get_user_by_name(session: AsyncSession, name: str) -> User:
    user = await session.scalar(select(User).where(User.name == name))
    if user is None:
        raise NotFoundError(Text("There is no user %(name)s.", name=repr(name)))
    return user


async def edit_user(
    session: AsyncSession,
    user: User,
    by: User,
    *,
    name: str | None = None,
    role: Role | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is given of an account."""
    if name is not None:
        await edit_name(session, user, name, by)
    if role is not None:
        await edit_role(session, user, role, by)
    if is_active is not None:
        await (enable_user if is_active else disable_user)(session, user, by)


async def edit_name(session: AsyncSession, user: User, name: str, by: User) -> None:
    if name == user.name:
        return
    if name.lower() != user.name.lower():
        await refuse_taken(session, name=name, email=None)
    old, user.name = user.name, name
    await record_event(session, Action.USER_RENAMED, by=by, on=user, detail=f"{old} to {name}")


async def edit_role(session: AsyncSession, user: User, role: Role, by: User | None) -> None:
    """Give *user* another role; every session ends, so that the rights of none are old.

    Of who was an administrator, the invitations that are not used yet end as well.
    """
    refuse_others(by)
    if user.role == role:
        return
    if user.is_admin:
        await keep_an_admin(session, user, by)
        await void_invitations(session, user)
    old, user.role = user.role, role
    await close_sessions(session, user)
    await record_event(session, Action.ROLE_CHANGED, by=by, on=user, detail=f"{old} to {role}")


async def disable_user(session: AsyncSession, user: User, by: User | None) -> None:
    """Let *user* in no more: sessions, links and invitations end, tokens are refused."""
    refuse_others(by)
    if not user.is_active:
        return
    if user.is_admin:
        await keep_an_admin(session, user, by)
        await void_invitations(session, user)
    user.disabled_at = utcnow()
    await close_sessions(session, user)
    await remove_links(session, user)
    await record_event(session, Action.USER_DISABLED, by=by, on=user)


async def enable_user(session: AsyncSession, user: User, by: User | None) -> None:
    refuse_others(by)
    if user.is_active:
        return
    user.disabled_at = None
    await record_event(session, Action.USER_ENABLED, by=by, on=user)


async def add_reset_link(session: AsyncSession, user: User, by: User | None) -> str:
    """Return the secret of a link with which *user* chooses a new password."""
    refuse_others(by)
    if not user.is_active:
        raise ConflictError(Text("%(name)s is disabled.", name=user.name))
    token = await add_link(session, Purpose.RESET, user=user)
    await record_event(session, Action.RESET_LINK_MADE, by=by, on=user)
    return token


async def forget_factors(session: AsyncSession, user: User, by: User | None) -> str:
    """Return the secret of the link by which *user*, who has lost the factors, comes in again.

    Sessions, passkeys and the password are void: beside a second factor, it may have been short.
    """
    refuse_others(by)
    had_app = await remove_second_factor(session, user, by)
    had_passkeys = await remove_passkeys(session, user, by)
    if not had_app and not had_passkeys:
        raise NotFoundError(Text("%(name)s has no second factor.", name=user.name))
    user.password_hash = NO_PASSWORD
    await close_sessions(session, user)
    return await add_reset_link(session, user, by)


def refuse_others(by: User | None) -> None:
    if by is not None and not may_administer(by):
        raise ForbiddenError(Text("Only administrators may do this."))


async def keep_an_admin(session: AsyncSession, user: User, by: User | None) -> None:
    """Refuse to take the last administrator away.

    Of two who do that to each other at once, the second waits here, and sees what the first did.
    """
    admins = select(User.id).where(User.role == Role.ADMIN, User.disabled_at.is_(None))
    ids = set(await session.scalars(admins.order_by(User.id).with_for_update(key_share=True)))
    if ids == {user.id}:
        raise ConflictError(Text("This is the last administrator; make somebody else one first."))
    if by is not None and by.id not in ids:
        raise ForbiddenError(Text("Only administrators may do this."))
