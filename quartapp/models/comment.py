"""What people say about a site."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Guarded, Id
from quartapp.models.user import User

COMMENT_LENGTH = 5_000  # characters


class Comment(Guarded, Base):
    """What somebody said about a site."""

    __tablename__ = "comment"

    entity_id: Mapped[int] = mapped_column(
        Id, ForeignKey("entity.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    body: Mapped[str] = mapped_column(Text)

    author: Mapped[User | None] = relationship(lazy="raise_on_sql")
