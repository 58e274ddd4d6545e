"""The rules of models/rights.py, as refusals."""

from quartapp.errors import ForbiddenError
from quartapp.models import Entity, User
from quartapp.models.rights import may_add_entity, may_edit_entity
from quartapp.texts import Text


def refuse_viewer(user: User) -> None:
    if not may_add_entity(user):
        raise ForbiddenError(Text("Viewers may read only; ask an administrator to be an editor."))


def refuse_stranger(entity: Entity, user: User) -> None:
    if not may_edit_entity(user, entity):
        raise ForbiddenError(Text("Only the owner and administrators may change this entity."))
