"""Sites that strangers are shown together, on a status page of their own."""

from sqlalchemy import Column, ForeignKey, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.entity import NAME_LENGTH, Entity

DESCRIPTION_LENGTH = 2_000  # characters
MAX_GROUPS = 100

site_group_entity = Table(
    "site_group_entity",
    Base.metadata,
    Column("group_id", Id, ForeignKey("site_group.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    **Base.__table_args__,
)


class SiteGroup(Base):
    """A name for some sites; of those only the public ones are shown to strangers."""

    __tablename__ = "site_group"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    slug: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    is_public: Mapped[bool] = mapped_column(default=False)

    entities: Mapped[list[Entity]] = relationship(
        secondary=site_group_entity,
        order_by=(Entity.name, Entity.id),
        lazy="raise_on_sql",
        passive_deletes=True,
    )

    def __str__(self) -> str:
        return self.name

    @property
    def entity_ids(self) -> list[int]:
        return [entity.id for entity in self.entities]
