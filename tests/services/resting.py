"""Windows of maintenance, as tests add them."""

from datetime import datetime
from typing import Any

from quartapp.extensions import db
from quartapp.models import Entity, Maintenance, User
from quartapp.services.maintenance import add_maintenance
from tests.services.watching import HOUR


async def rest(entity: Entity | None, by: User, start: datetime, **given: Any) -> Maintenance:
    fields = {"title": "New disks", "timezone": "UTC", "starts_at": start, "ends_at": start + HOUR}
    async with db.begin() as session:
        entity = await session.merge(entity) if entity else None
        return await add_maintenance(session, entity, by, **{**fields, **given})
