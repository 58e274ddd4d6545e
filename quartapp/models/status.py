"""What strangers are told of public sites: whether they are there, and not why they are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quartapp.models.check import Check
from quartapp.models.entity import Entity
from quartapp.models.uptime import Span
from quartapp.models.usability import State
from quartapp.texts import Text

WORDS = {
    State.NEW: Text("Not looked at yet"),
    State.UP: Text("Up"),
    State.SUSPECT: Text("In doubt"),
    State.DOWN: Text("Down"),
    State.RECOVERING: Text("Answering again"),
    State.PAUSED: Text("Not watched"),
    State.MAINTENANCE: Text("Maintenance"),
}


class Headline(StrEnum):
    """How all sites of a page do, in a word."""

    DOWN = "down"
    PARTLY = "partly"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    UP = "up"
    NEW = "new"


HEADLINES = {
    Headline.DOWN: Text("All systems are down"),
    Headline.PARTLY: Text("Some systems are down"),
    Headline.INCIDENT: Text("There is an incident"),
    Headline.MAINTENANCE: Text("Maintenance"),
    Headline.UP: Text("All systems work"),
    Headline.NEW: Text("Nothing is known yet"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What a page is about: all public sites, those of a group, or one of them."""

    group_id: int | None = None
    entity_id: int | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A window of maintenance of a site, or of all of them, that is open or comes soon."""

    title: str
    span: Span
    is_open: bool
    entity: Entity | None


def find_headline(counts: Mapping[State, int], *, has_incident: bool = False) -> Headline:
    """Return what is worst; who is in doubt counts as there, who is not watched not at all."""
    down = counts.get(State.DOWN, 0) + counts.get(State.RECOVERING, 0)
    up = counts.get(State.UP, 0) + counts.get(State.SUSPECT, 0)
    if down:
        return Headline.PARTLY if up else Headline.DOWN
    if has_incident:
        return Headline.INCIDENT
    if counts.get(State.MAINTENANCE):
        return Headline.MAINTENANCE
    return Headline.UP if up else Headline.NEW


def write_state(state: State) -> str:
    return WORDS[state]


def write_headline(headline: Headline) -> str:
    return HEADLINES[headline]


def find_since(check: Check) -> datetime | None:
    """Return since when a site stands where it does; one that is down, since its outage began."""
    if check.state == State.DOWN and check.outage is not None:
        return check.outage.started_at
    return check.state_since
