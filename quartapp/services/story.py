"""The latest stories of public sites, for feeds."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Entity, Outage
from quartapp.models.status import Part
from quartapp.models.story import Story, tell_incident, tell_outage
from quartapp.services.incident import list_shown_incidents
from quartapp.services.status import match_part

LATEST = 50  # outages


async def list_stories(session: AsyncSession, part: Part, now: datetime) -> list[Story]:
    """Return the latest outages of a page's sites and its incidents, the latest change first."""
    query = select(Outage, Entity).join(Entity, Entity.id == Outage.entity_id)
    query = query.where(match_part(part)).order_by(Outage.started_at.desc(), Outage.id.desc())
    outages = [tell_outage(*row) for row in await session.execute(query.limit(LATEST))]
    incidents = await list_shown_incidents(session, part, now)
    stories = [*outages, *map(tell_incident, incidents)]
    return sorted(stories, key=lambda story: story.updated_at, reverse=True)
