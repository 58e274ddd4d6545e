"""Who may do what: the one place that says so.

Pure rules over a person (None: a stranger) and a thing. Services ask them, so that no face can
forget to. What somebody may not see does not exist for them (404); what they see and may not do is
forbidden (403).
"""

from datetime import datetime
from typing import Any

from quartapp.models.channel import Channel, ChannelKind
from quartapp.models.comment import Comment
from quartapp.models.entity import Entity
from quartapp.models.session import UserSession
from quartapp.models.token import ApiToken, Scope
from quartapp.models.user import Role, User

EDITORS = {Role.EDITOR, Role.ADMIN}


def may_see_entity(user: User | None, entity: Any) -> bool:
    """*entity* may be a row of its columns as well."""
    return user is not None or bool(entity.is_public)


def may_add_entity(user: User) -> bool:
    return user.role in EDITORS


def may_edit_entity(user: User, entity: Entity) -> bool:
    return user.is_admin or (user.role in EDITORS and entity.owner_id == user.id)


def may_comment(user: User) -> bool:
    return user.role in EDITORS


def may_handle_bugs(user: User) -> bool:
    return user.role in EDITORS


def may_settle_tampers(user: User) -> bool:
    return user.role in EDITORS


def may_write_incidents(user: User) -> bool:
    return user.role in EDITORS


def may_have_webhook(user: User) -> bool:
    return user.role in EDITORS


def may_use_channel(user: User, channel: Channel) -> bool:
    """Who has become a viewer may remove the webhooks from before, and nothing else."""
    return channel.kind == ChannelKind.MAIL or may_have_webhook(user)


def may_edit_comment(user: User, comment: Comment) -> bool:
    return user.is_admin or (user.role in EDITORS and comment.author_id == user.id)


def may_edit_groups(user: User) -> bool:
    return user.is_admin


def may_administer(user: User) -> bool:
    return user.is_admin


def may_act_as_admin(by: UserSession | ApiToken, *, changes: bool, now: datetime) -> bool:
    """An administrator with a token of the scope admin, or in a browser.

    To change something there, they must have given the password just now.
    """
    if not may_administer(by.user):
        return False
    if isinstance(by, ApiToken):
        return by.has_scope(Scope.ADMIN)
    return not changes or by.is_fresh(now)


def must_have_second_factor(user: User, asked_of: str) -> bool:
    """*asked_of* is the setting SECOND_FACTOR."""
    return asked_of == "everyone" or (asked_of == "admins" and user.is_admin)


def may_see_user(user: User, other: User) -> bool:
    return user.is_admin or user.id == other.id


def may_see_what_is_of(user: User, owner_id: int, *, as_admin: bool) -> bool:
    """Sessions, tokens and passkeys: one's own, and everybody's for who acts as administrator."""
    return user.id == owner_id or (as_admin and user.is_admin)
