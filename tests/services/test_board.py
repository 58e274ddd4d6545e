"""The board of bugs, and several of them changed at once."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from quart import Quart

from quartapp.errors import ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Bug, Entity, Role, User
from quartapp.models.bug import Change, Order
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.services.board import load_board
from quartapp.services.bug import (
    MAX_AT_ONCE,
    edit_bug,
    edit_bugs,
    report_bug,
    select_bugs,
    select_notes,
)
from quartapp.services.event import list_events, select_events
from tests.helpers import add_person, queries
from tests.services.watching import watch

OPEN, CONFIRMED, FIXED = FindingState.OPEN, FindingState.CONFIRMED, FindingState.FIXED


@pytest.fixture
async def site(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def editor(app: Quart) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "bob")


async def report(site: Entity, by: User, *titles: str, **changes: Any) -> list[int]:
    async with db.begin() as session:
        site, by = await session.merge(site), await session.merge(by)
        given = {"severity": Severity.LOW, "body": ""}
        bugs = [await report_bug(session, site, by, title=title, **given) for title in titles]  # type: ignore[arg-type]
        for bug in bugs:
            await edit_bug(session, bug, by, **changes)
        return [bug.id for bug in bugs]


async def read(**asked: Any) -> dict[str, tuple[int, list[str]]]:
    """Return how many bugs each column has, and the titles that it shows."""
    async with db.read() as session:
        columns = await load_board(session, seen_by=User(), **asked)
    return {one.state: (one.total, [bug.title for bug in one.bugs]) for one in columns}


async def change(ids: Sequence[int], by: User, **changes: Any) -> list[Bug]:
    async with db.begin() as session:
        by = await session.merge(by)
        if given := changes.get("assignee"):
            changes["assignee"] = await session.merge(given)
        return await edit_bugs(session, ids, by, **changes)


async def test_each_state_is_a_column_that_shows_its_first(
    app: Quart, site: Entity, editor: User
) -> None:
    async with app.app_context():
        await report(site, editor, "Small", "Small, too")
        await report(site, editor, "Grave", severity=Severity.CRITICAL)
        await report(site, editor, "Done", state=FIXED)
        none: dict[str, Any] = {"wont-fix": (0, []), "false-positive": (0, [])}
        assert await read() == {
            "open": (0, []),
            "confirmed": (3, ["Grave", "Small, too", "Small"]),
            "fixed": (1, ["Done"]),
            **none,
        }
        assert (await read(shown=1, order=Order.OLDEST))["confirmed"] == (3, ["Small"])
        assert await read(severity=Severity.CRITICAL) == {
            "open": (0, []),
            "confirmed": (1, ["Grave"]),
            "fixed": (0, []),
            **none,
        }


@pytest.mark.parametrize("count", [1, 5])
async def test_board_costs_two_statements(
    app: Quart, site: Entity, editor: User, count: int
) -> None:
    async with app.app_context():
        await report(site, editor, *(f"Bug {number}" for number in range(count)))
        with queries(db.engine) as sent:
            await read()
    assert len([one for one in sent if one.startswith("SELECT")]) == 2


async def test_strangers_see_the_bugs_of_public_sites(
    app: Quart, site: Entity, editor: User
) -> None:
    async with app.app_context():
        await report(site, editor, "Hidden")
        async with db.read() as session:
            columns = await load_board(session, seen_by=None)
    assert [(one.total, one.bugs) for one in columns] == [(0, [])] * 5


async def test_several_are_settled_alike_and_told_of(
    app: Quart, site: Entity, editor: User
) -> None:
    async with app.app_context():
        first = await report(site, editor, "One", "Two")
        (done,) = await report(site, editor, "Done", state=FIXED)
        ids = [*first, done]
        bugs = await change(ids, editor, state=FIXED, assignee=editor, due_on=date(2027, 1, 31))
        assert {(bug.state, bug.assignee_id, bug.due_on) for bug in bugs} == {
            (FIXED, editor.id, date(2027, 1, 31))
        }
        async with db.read() as session:
            events = await list_events(session, select_events(seen_by=User()), limit=2)
            assert {(str(one.kind), one.subject_id, one.author_id) for one in events} == {
                ("bug.closed", bug_id, editor.id) for bug_id in first
            }
            notes = [
                {(line.change, line.body) for line in await session.scalars(select_notes(bug))}
                for bug in bugs
            ]
    alike = {(Change.STATE, "fixed"), (Change.ASSIGNEE, "bob"), (Change.DUE, "2027-01-31")}
    assert notes == [alike, alike, alike]


async def test_several_cost_as_few_statements_as_one(
    app: Quart, site: Entity, editor: User
) -> None:
    async with app.app_context():
        costs = []
        for count in (1, 20):
            ids = await report(site, editor, *(f"Bug {number}" for number in range(count)))
            with queries(db.engine) as sent:
                await change(ids, editor, state=FIXED)
            # SQLite takes rows one by one; that is a call of a function there.
            costs.append([one.split()[0] for one in sent if not one.startswith("INSERT")])
    assert costs[1] == costs[0]


async def test_one_that_is_not_there_refuses_all(app: Quart, site: Entity, editor: User) -> None:
    async with app.app_context():
        ids = await report(site, editor, "One")
        with pytest.raises(NotFoundError, match=f"There is no bug {ids[0] + 9}."):
            await change([*ids, ids[0] + 9], editor, state=FIXED)
        async with db.read() as session:
            (bug,) = await session.scalars(select_bugs(seen_by=editor))
    assert bug.state == CONFIRMED


async def test_viewers_change_nothing(app: Quart, site: Entity, editor: User) -> None:
    async with app.app_context():
        ids = await report(site, editor, "One")
        async with db.begin() as session:
            viewer = await add_person(session, "ann", role=Role.VIEWER)
        with pytest.raises(ForbiddenError):
            await change(ids, viewer, state=OPEN)
        with pytest.raises(InvalidError, match=f"no user {viewer.id} who may"):
            await change(ids, editor, assignee=viewer)


@pytest.mark.parametrize("count", [0, MAX_AT_ONCE + 1])
async def test_none_and_too_many_are_refused(app: Quart, editor: User, count: int) -> None:
    async with app.app_context():
        with pytest.raises(InvalidError, match="Choose 1 to 100 bugs"):
            await change(range(1, count + 1), editor, state=OPEN)
