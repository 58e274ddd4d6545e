"""A watched site."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Guarded, Id
from quartapp.models.user import User

NAME_LENGTH, URL_LENGTH, CONTENT_LENGTH = 120, 2048, 10_000  # characters
MAX_CHOSEN = 500  # sites, for a group


class Entity(Guarded, Base):
    """A site that somebody watches."""

    __tablename__ = "entity"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    slug: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    url: Mapped[str] = mapped_column(String(URL_LENGTH))
    content: Mapped[str] = mapped_column(Text, default="")
    is_public: Mapped[bool] = mapped_column(default=False)  # on the status page, for anyone
    owner_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    owner: Mapped[User | None] = relationship(lazy="raise_on_sql")

    def __str__(self) -> str:
        return self.name
