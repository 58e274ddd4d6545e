"""One page of a select: by number for people, by key for programs that read it all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from quartapp.errors import NotFoundError
from quartapp.texts import Text

T = TypeVar("T")
MAX_SIZE = 100
MAX_NUMBER = 2**31  # times MAX_SIZE fits every database's OFFSET


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of page *number*, counted from 1."""

    items: list[T]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages

    def iter_numbers(self, edge: int = 2, around: int = 2) -> Iterator[int | None]:
        """Yield the numbers worth a link; None stands for a gap."""
        last = 0
        for number in range(1, self.pages + 1):
            near_edge = number <= edge or number > self.pages - edge
            if near_edge or abs(number - self.number) <= around:
                if last + 1 != number:
                    yield None
                yield number
                last = number


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Rows that follow a key, and the key that the next ones follow; None: there are none."""

    items: list[T]
    size: int
    next_key: int | None


async def paginate(
    session: AsyncSession, query: Select[Any], number: int = 1, size: int = 20
) -> Page[Any]:
    """Run *query* for page *number*: two statements, whatever the size.

    Raises NotFoundError for a page that cannot be: below 1, or past the last one.
    """
    require_number(number)
    counted = query.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    total = await session.scalar(counted) or 0
    rows = await session.scalars(query.limit(size).offset((number - 1) * size))
    return make_page(list(rows), number, size, total)


def require_number(number: int) -> int:
    """Return the number of a page that can be; NotFoundError for others."""
    if not 1 <= number <= MAX_NUMBER:
        raise NotFoundError(Text("There is no page %(number)s.", number=number))
    return number


def make_page(items: list[T], number: int, size: int, total: int) -> Page[T]:
    """Return the page; NotFoundError for one past the last."""
    if not items and number > 1:
        raise NotFoundError(Text("There is no page %(number)s.", number=number))
    return Page(items, number, size, total)


async def paginate_after(
    session: AsyncSession,
    query: Select[Any],
    key: InstrumentedAttribute[int],
    after: int,
    size: int = 20,
) -> Slice[Any]:
    """Run *query* for the rows whose *key* is greater than *after*; one statement at any depth."""
    ordered = query.order_by(None).where(key > after).order_by(key).limit(size + 1)
    return cut_slice(list(await session.scalars(ordered)), size)


def cut_slice(rows: Sequence[Any], size: int) -> Slice[Any]:
    """Return the first *size* rows; one more of them says that others follow."""
    items = list(rows[:size])
    return Slice(items, size, items[-1].id if len(rows) > size else None)
