"""Who may do what: the one place that says so.

Pure rules over a person (None: a stranger) and a thing. Services ask them, so that no face can
forget to. What somebody may not see does not exist for them (404); what they see and may not do is
forbidden (403).
"""

from quartapp.models.comment import Comment
from quartapp.models.entity import Entity
from quartapp.models.user import Role, User

EDITORS = {Role.EDITOR, Role.ADMIN}


def may_see_entity(user: User | None, entity: Entity) -> bool:
    return user is not None or entity.is_public


def may_add_entity(user: User) -> bool:
    return user.role in EDITORS


def may_edit_entity(user: User, entity: Entity) -> bool:
    return user.is_admin or (user.role in EDITORS and entity.owner_id == user.id)


def may_comment(user: User) -> bool:
    return user.role in EDITORS


def may_edit_comment(user: User, comment: Comment) -> bool:
    return user.is_admin or (user.role in EDITORS and comment.author_id == user.id)


def may_administer(user: User) -> bool:
    return user.is_admin


def may_see_what_is_of(user: User, owner_id: int) -> bool:
    """Sessions and tokens: one's own, and everybody's for administrators."""
    return user.is_admin or user.id == owner_id
