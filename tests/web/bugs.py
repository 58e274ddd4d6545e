"""What the tests of the pages of bugs share: bugs, and a browser's way to them."""

from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Bug, Entity, User, utcnow
from quartapp.models.rules import RULES, Inspection, Severity, Sighting
from quartapp.services.bug import (
    edit_bug,
    record_inspections,
    report_bug,
    select_bugs,
    select_notes,
)
from tests.helpers import read_token

RULE = RULES["hsts-missing"]


async def report(app: Quart, site: Entity, by: User, *titles: str, **changes: object) -> list[int]:
    async with app.app_context(), db.begin() as session:
        site, by = await session.merge(site), await session.merge(by)
        if assignee := changes.get("assignee"):
            changes["assignee"] = await session.merge(assignee)
        given = {"severity": Severity.LOW, "body": ""}
        bugs = [await report_bug(session, site, by, title=one, **given) for one in titles]  # type: ignore[arg-type]
        for bug in bugs:
            await edit_bug(session, bug, by, **changes)
        return [bug.id for bug in bugs]


async def find_by_rule(app: Quart, site: Entity) -> int:
    seen = Inspection([Sighting(RULE.id, "/a", "It is missing.")], {RULE.id: 200}, {RULE.id})
    for _ in range(2):
        async with app.app_context(), db.begin() as session:
            turned = await record_inspections(session, {site.id: seen}, utcnow())
    return turned[0].id


async def load(app: Quart) -> list[Bug]:
    async with app.app_context(), db.read() as session:
        return list(await session.scalars(select_bugs(seen_by=User())))


async def load_history(app: Quart, bug: Bug) -> list[tuple[str, str]]:
    async with app.app_context(), db.read() as session:
        return [(line.change, line.body) for line in await session.scalars(select_notes(bug))]


async def get(client: QuartClient, path: str) -> tuple[int, str]:
    response = await client.get(path)
    return response.status_code, await response.get_data(as_text=True)


async def send(client: QuartClient, path: str, page: str = "", **form: str) -> tuple[int, str, str]:
    """Send the form of a page; return status, location and body."""
    form["csrf_token"] = await read_token(client, page or path)
    response = await client.post(path, form=form)
    body = await response.get_data(as_text=True)
    return response.status_code, response.headers.get("Location", ""), body


async def list_titles(client: QuartClient, path: str, *titles: str) -> list[str]:
    """Return which of *titles* a page shows, in their order there."""
    status, page = await get(client, path)
    assert status == 200, page
    return sorted((title for title in titles if f">{title}<" in page), key=page.index)
