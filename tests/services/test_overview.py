"""What the page of a site begins with."""

from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, User, utcnow
from quartapp.models.look import Reason
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.tamper import TamperState
from quartapp.services.bug import edit_bug, report_bug
from quartapp.services.overview import Overview, load_overview
from tests.helpers import add_person, queries
from tests.services.reading import add_tamper
from tests.services.watching import look, watch

HOUR = timedelta(hours=1)


@pytest.fixture
async def entities(app: Quart) -> list[Entity]:
    async with app.app_context():
        return await watch("http://a.example", "http://b.example")


async def load(entity: Entity) -> Overview:
    async with db.read() as session:
        return await load_overview(session, entity, utcnow(), seen_by=User())


async def test_new_site_has_nothing_to_tell(app: Quart, entities: list[Entity]) -> None:
    async with app.app_context():
        found = await load(entities[0])
    assert (found.check.entity_id, found.page.entity_id) == (entities[0].id, entities[0].id)
    assert (found.last, found.trouble, found.bugs, found.change) == (None, "", {}, None)
    assert [*found.outages, *found.worst] == []


async def test_what_waits_for_somebody_is_counted_the_worst_first(
    app: Quart, entities: list[Entity]
) -> None:
    given = [
        (Severity.LOW, FindingState.OPEN),
        (Severity.LOW, FindingState.CONFIRMED),
        (Severity.CRITICAL, FindingState.OPEN),
        (Severity.HIGH, FindingState.FIXED),
    ]
    async with app.app_context():
        async with db.begin() as session:
            bob = await add_person(session, "bob")
            sites = [await session.merge(entity) for entity in entities]
            for severity, state in given:
                bug = await report_bug(
                    session, sites[0], bob, title=str(severity), severity=severity, body=""
                )
                await edit_bug(session, bug, bob, state=state)
            await report_bug(session, sites[1], bob, title="", severity=Severity.INFO, body="")
        found = await load(entities[0])

    assert list(found.bugs.items()) == [(Severity.CRITICAL, 1), (Severity.LOW, 2)]
    assert [bug.title for bug in found.worst] == ["critical", "low", "low"]


async def test_newest_change_that_nobody_has_settled_is_named(
    app: Quart, entities: list[Entity]
) -> None:
    async with app.app_context():
        await add_tamper(entities[0])
        newest = await add_tamper(entities[0])
        await add_tamper(entities[0], TamperState.INCIDENT)
        await add_tamper(entities[1])
        assert (await load(entities[0])).change == newest.id


async def test_last_look_and_outages_are_those_of_the_site(
    app: Quart, entities: list[Entity]
) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(3):
            await look(start + number * HOUR, Reason.TLS)
        found = await load(entities[1])

    assert found.last is not None
    assert (found.last.detail, found.trouble) == ("It was tls.", "")
    assert [outage.entity_id for outage in found.outages] == [entities[1].id]


async def test_overview_costs_eleven_statements(app: Quart, entities: list[Entity]) -> None:
    async with app.app_context():
        await add_tamper(entities[0])
        with queries(db.engine) as sent:
            await load(entities[0])
    assert len([one for one in sent if one.startswith("SELECT")]) == 11
