"""How fast a site answered: looks where each is still there, roll-ups further back."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Entity
from quartapp.models.curve import STEPS, Curve, Reach, Reading, find_while, read_looks
from quartapp.models.uptime import Span
from quartapp.services.history import Point, list_points
from quartapp.services.trace import find_reaches, list_outages, list_seen


async def load_curve(session: AsyncSession, entity: Entity, reach: Reach, now: datetime) -> Curve:
    while_ = find_while(reach, now)
    read = read_day if reach is Reach.DAY else read_points
    readings = await read(session, entity, reach, while_, now)
    outages = await list_outages(session, {entity.id: Span(while_.start, now)})
    return Curve(reach, while_, readings, outages[entity.id])


async def read_day(
    session: AsyncSession, entity: Entity, reach: Reach, while_: Span, now: datetime
) -> list[Reading]:
    spans = {entity.id: Span(while_.start, now)}
    seen = await list_seen(session, spans, await find_reaches(session, spans))
    return read_looks(seen[entity.id], while_, STEPS[reach][1])


async def read_points(
    session: AsyncSession, entity: Entity, reach: Reach, while_: Span, now: datetime
) -> list[Reading]:
    step = STEPS[reach][1]
    points = await list_points(session, entity, Span(while_.start, now), step, now)
    return [to_reading(point) for point in points]


def to_reading(point: Point) -> Reading:
    figures = point.figures
    return Reading(point.start_at, figures.ok, figures.fail, figures.p50, figures.p95)
