"""What status pages say of their sites."""

from collections.abc import Sequence
from typing import Any

from quartapp.extensions import db
from quartapp.models import Incident, utcnow
from quartapp.models.status import Headline, Part, find_headline
from quartapp.services.incident import list_shown_incidents
from quartapp.services.status import (
    count_shown,
    list_announcements,
    load_bars,
    measure_uptimes,
)
from quartapp.web.drawing import draw_days
from quartapp.web.words import Words


async def describe_part(part: Part) -> dict[str, Any]:
    """Return what a page says of all its sites together."""
    incidents = await list_shown_incidents(db.session, part, utcnow())
    return {
        "headline": await choose_headline(part, incidents),
        "incidents": incidents,
        "announcements": await list_announcements(db.session, part, utcnow()),
    }


async def load_headline(part: Part) -> Headline:
    """Return how all sites of a page do, where no more is said."""
    return await choose_headline(part, await list_shown_incidents(db.session, part, utcnow()))


async def choose_headline(part: Part, incidents: Sequence[Incident]) -> Headline:
    has_incident = any(incident.is_felt for incident in incidents)
    return find_headline(await count_shown(db.session, part), has_incident=has_incident)


async def describe_sites(ids: list[int]) -> dict[str, Any]:
    """Return what a page says of each of these sites."""
    now = utcnow()
    uptimes = await measure_uptimes(db.session, ids, now)
    bars = await load_bars(db.session, ids, now)
    return {"uptimes": uptimes, "bars": bars, "draw_days": draw_days, "words": Words()}
