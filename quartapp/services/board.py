"""The board of bugs: a column for each state, the first of each in the order that is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Bug, User
from quartapp.models.bug import Order
from quartapp.models.tally import FindingState
from quartapp.services.bug import find_order, select_bugs

SHOWN = 25  # bugs of a column


@dataclass(frozen=True, slots=True)
class Column:
    state: FindingState
    total: int
    bugs: Sequence[Bug]  # the first of them


async def load_board(
    session: AsyncSession,
    *,
    seen_by: User | None,
    order: Order = Order.WORST,
    shown: int = SHOWN,
    **conditions: Any,
) -> list[Column]:
    """Return all columns, empty ones too, in two statements; *conditions* as of select_bugs()."""
    chosen = select_bugs(seen_by=seen_by, order=order, **conditions)
    matching = [clause for clause in (chosen.whereclause,) if clause is not None]
    place = func.row_number().over(partition_by=Bug.state, order_by=find_order(order))
    query = select(Bug.id, place.label("place")).join(Bug.entity).where(*matching)
    ranked = query.subquery()
    first = select(ranked.c.id).where(ranked.c.place <= shown)
    bugs = (await session.scalars(chosen.where(Bug.id.in_(first)))).all()
    counting = select(Bug.state, func.count()).join(Bug.entity).where(*matching)
    rows = await session.execute(counting.group_by(Bug.state))
    totals = {state: count for state, count in rows}  # noqa: C416 (mypy reads rows no other way)
    return [
        Column(state, totals.get(state, 0), [bug for bug in bugs if bug.state == state])
        for state in FindingState
    ]
