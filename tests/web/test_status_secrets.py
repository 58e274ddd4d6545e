"""Nothing that is not public is in any answer that anyone may get of sites."""

from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import insert, update

from quartapp.extensions import db
from quartapp.models import (
    Bug,
    Check,
    Entity,
    Incident,
    IncidentNote,
    Maintenance,
    Outage,
    Role,
    SiteGroup,
    State,
    User,
    result,
    utcnow,
)
from quartapp.models.incident import Impact, NoteState
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity
from tests.helpers import add_person
from tests.papers import read_paper
from tests.services.history import ROW

CANARY = "canary"
URL = "http://open.test/?key=shown"
PLACES = ["/status/", "/status/groups/shops", "/status/open"]
PAGES = ["", "/badge.svg", "/feed.atom", "/feed.rss", "/embed"]
NOT_THERE = ["groups/canary-group", "canary-site", "canary-site/badge.svg"]


@pytest.fixture(autouse=True)
async def _secrets(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        owner = await add_person(session, "canary-owner", role=Role.ADMIN)
        given: dict[str, Any] = {"url": URL, "is_public": True, "owner": owner}
        shown = await add_entity(session, name="open", content="shown content", **given)
        given |= {"url": "http://canary.test/", "is_public": False, "content": "canary content"}
        hidden = await add_entity(session, name="canary site", **given)
        for name, is_public in (("shops", True), ("canary-group", False)):
            group = SiteGroup(name=name, slug=name, is_public=is_public, entities=[shown, hidden])
            group.description = "" if is_public else "canary description"
            session.add(group)
        for entity in (shown, hidden):
            await add_comment(session, entity, "canary comment", owner)
            await fill(session, entity, owner)
        for entities in ([shown, hidden], [hidden]):
            title = "shown" if shown in entities else "canary incident"
            await tell(session, title, entities, owner)
        session.add(make_window(hidden, "canary window"))
        session.add(make_window(shown, "shown window"))


async def fill(session: Any, entity: Entity, owner: User) -> None:
    """Let a site be down, for reasons that are nobody else's business."""
    now = utcnow()
    cause = {"reason": "canary", "cause": "canary cause"}
    outage = Outage(entity_id=entity.id, started_at=now - timedelta(hours=1), **cause)
    bug = Bug(entity=entity, title="canary bug", severity=Severity.LOW, body="canary body")
    bug.state, bug.opened_at, bug.reporter = FindingState.OPEN, now, owner
    session.add_all([outage, bug])
    await session.flush()
    row = {**ROW, "entity_id": entity.id, "slot_at": now, "started_at": now}
    await session.execute(insert(result).values({**row, "reason": "canary", "detail": "canary"}))
    words = {"present": "canary present", "absent": "canary absent", "json_value": "canary"}
    stands = {"state": State.DOWN, "outage_id": outage.id, **words}
    await session.execute(update(Check).where(Check.entity_id == entity.id).values(stands))


async def tell(session: Any, title: str, entities: list[Entity], owner: User) -> None:
    body = "canary note" if CANARY in title else "shown note"
    for resolved_at in (None, utcnow()):
        note = IncidentNote(author=owner, state=NoteState.IDENTIFIED, body=body)
        fields = {"impact": Impact.MAJOR, "started_at": utcnow(), "resolved_at": resolved_at}
        session.add(Incident(title=title, entities=entities, notes=[note], **fields))
    await session.flush()


def make_window(entity: Entity, title: str) -> Maintenance:
    start = utcnow() + timedelta(hours=1)
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    return Maintenance(entity=entity, title=title, timezone="UTC", **times)


async def test_nothing_secret_is_in_any_answer(client: QuartClient) -> None:
    texts = {}
    for place in PLACES:
        for page in PAGES:
            if place == "/status/open" and page not in ("", "/badge.svg"):
                continue
            path = f"{place.rstrip('/')}{page}" if page else place
            answer = await client.get(path)
            assert answer.status_code == 200, path
            texts[path] = f"{answer.headers}{await answer.get_data(as_text=True)}"

    assert [path for path, text in texts.items() if CANARY in text.lower()] == []
    for place in PLACES:
        for words in ("shown note", "shown window", "open.test"):
            assert words in texts[place]
    assert "shown note" in texts["/status/feed.atom"]


@pytest.mark.parametrize("path", NOT_THERE)
async def test_what_is_not_public_is_not_there(client: QuartClient, path: str) -> None:
    there = await client.get(f"/status/{path}")
    nothing = await client.get("/status/nothing")
    assert (there.status_code, nothing.status_code) == (404, 404)


async def test_of_a_public_site_strangers_see_what_the_paper_says(client: QuartClient) -> None:
    page = await (await client.get("/status/open")).get_data(as_text=True)

    told = "strangers see name, address with all that is in it, description, state and figures"
    assert told in " ".join(read_paper("docs/security.md").split())
    assert [words for words in ("open", URL, "shown content", "Down") if words not in page] == []
