"""Every table, in one place to import from."""

from quartapp.models.base import Base, utcnow
from quartapp.models.comment import Comment
from quartapp.models.entity import Entity
from quartapp.models.link import Link, Purpose
from quartapp.models.session import UserSession
from quartapp.models.token import ApiToken, Scope
from quartapp.models.user import Role, User
from quartapp.models.outbox import OutboxMessage, OutboxState
from quartapp.models.user import ApiToken, SetupToken, User, UserSession

__all__ = [
    "ApiToken",
    "Base",
    "Comment",
    "Entity",
    "Link",
    "Purpose",
    "Role",
    "Scope",
    "OutboxMessage",
    "OutboxState",
    "SetupToken",
    "User",
    "UserSession",
    "utcnow",
]
