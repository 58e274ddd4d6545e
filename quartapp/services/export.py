"""A whole listing in parts, each by a key that follows the last one: nothing keeps all of it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Base

PART = 500  # rows


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, in the order of a column whose values differ; its other order is dropped."""

    query: Select[Any]
    key: Any

    async def read_after(self, session: AsyncSession, last: Any = None) -> list[Any]:
        """Return the part that follows the row *last*, or the first one."""
        query = self.query.order_by(None).order_by(self.key).limit(PART)
        if last is not None:
            query = query.where(self.key > getattr(last, self.key.key))
        return [unwrap(row) for row in await session.execute(query)]


def unwrap(row: Row[Any]) -> Any:
    return row[0] if isinstance(row[0], Base) else row
