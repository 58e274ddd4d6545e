"""Every table, in one place to import from."""

from quartapp.models.base import Base, utcnow
from quartapp.models.comment import Comment
from quartapp.models.entity import Entity
from quartapp.models.user import ApiToken, SetupToken, User, UserSession

__all__ = [
    "ApiToken",
    "Base",
    "Comment",
    "Entity",
    "SetupToken",
    "User",
    "UserSession",
    "utcnow",
]
