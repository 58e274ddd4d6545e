"""What feeds tell of public sites: when they were down, and what people noted on incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quartapp.models.entity import Entity
from quartapp.models.incident import Incident, IncidentNote
from quartapp.models.usability import Outage, write_length
from quartapp.texts import Text


@dataclass(frozen=True, slots=True)
class Story:
    """An entry of a feed; *anchor* is where it stands on the page of *slug*, or of all sites."""

    slug: str
    anchor: str
    title: str
    notes: Sequence[IncidentNote]
    started_at: datetime
    updated_at: datetime


def tell_outage(outage: Outage, entity: Entity) -> Story:
    """Tell that a site is or was away; nothing of why."""
    start, end = outage.started_at, outage.ended_at
    title = Text("%(name)s is down", name=entity.name)
    if end is not None:
        length = write_length(end - start)
        title = Text("%(name)s was down for %(length)s", name=entity.name, length=length)
    return Story(entity.slug, f"outage-{outage.id}", title, (), start, end or start)


def tell_incident(incident: Incident) -> Story:
    times = [incident.updated_at, *(note.created_at for note in incident.notes)]
    anchor = f"incident-{incident.id}"
    return Story("", anchor, incident.title, incident.notes, incident.started_at, max(times))
