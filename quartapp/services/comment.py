"""What people say about a site."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ForbiddenError, NotFoundError
from quartapp.models import Comment, Entity, EventKind, User
from quartapp.models.rights import may_comment, may_edit_comment
from quartapp.services.event import add_event, remove_events
from quartapp.texts import Text


def select_comments(entity: Entity) -> Select[Comment]:
    """The comments on *entity*, oldest first, their authors loaded."""
    query = select(Comment).options(joinedload(Comment.author)).order_by(Comment.id)
    return query.where(Comment.entity_id == entity.id)


async def get_comment(session: AsyncSession, entity_id: int, comment_id: int) -> Comment:
    """Return one comment on an entity, its author loaded."""
    query = select(Comment).options(joinedload(Comment.author))
    comment = await session.scalar(
        query.where(Comment.id == comment_id, Comment.entity_id == entity_id)
    )
    if comment is None:
        raise NotFoundError(
            Text(
                "There is no comment %(comment_id)s on entity %(entity_id)s.",
                comment_id=comment_id,
                entity_id=entity_id,
            )
        )
    return comment


async def add_comment(session: AsyncSession, entity: Entity, body: str, author: User) -> Comment:
    if not may_comment(author):
        raise ForbiddenError(Text("Viewers may read only; ask an administrator to be an editor."))
    comment = Comment(entity_id=entity.id, body=body, author=author)
    session.add(comment)
    await session.flush()
    at, kind = comment.created_at, EventKind.COMMENT
    await add_event(
        session, entity.id, kind, at, Text("A comment"), subject_id=comment.id, by=author
    )
    return comment


async def edit_comment(
    session: AsyncSession, comment: Comment, by: User, **changes: str
) -> Comment:
    refuse_stranger(comment, by)
    for field, value in changes.items():
        setattr(comment, field, value)
    await session.flush()
    return comment


async def remove_comment(session: AsyncSession, comment: Comment, by: User) -> None:
    refuse_stranger(comment, by)
    await remove_events(session, EventKind.COMMENT, comment.id)
    await session.delete(comment)
    await session.flush()


def refuse_stranger(comment: Comment, user: User) -> None:
    if not may_edit_comment(user, comment):
        raise ForbiddenError(Text("Only the author and administrators may change this comment."))
