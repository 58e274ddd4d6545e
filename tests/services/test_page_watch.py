"""Pages: what looks move, and that a change is told once."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, User, utcnow
from quartapp.models.check import SECOND_LOOK_AFTER
from quartapp.models.difference import Severity
from quartapp.models.learning import MOST
from quartapp.models.tamper import TamperKind, TamperState
from quartapp.services import page_watch as module
from quartapp.services.tamper import (
    read_difference,
)
from tests.helpers import add_person
from tests.models.corpus import DEFACEMENTS, MOVING, render
from tests.services.reading import edit, learn, load_page, load_tampers, settle, show
from tests.services.watching import load_check, watch

HOME, HACKED = "<p>Head<p>Welcome", "<p>Head<p>Hacked by x"


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def owner(app: Quart, entity: Entity) -> User:
    async with app.app_context(), db.begin() as session:
        user = await add_person(session, "bob")
        (await session.get_one(Entity, entity.id)).owner_id = user.id
        return user


async def test_change_is_told_once_with_what_differs(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        states = await show(entity, HOME, HACKED, HACKED, HACKED, HOME, HACKED, HACKED)
        (tamper,) = await load_tampers(entity)

    assert states == ["steady", "suspect", "changed", "changed", "steady", "changed", "changed"]
    assert (tamper.kind, tamper.state) == (TamperKind.CHANGED, TamperState.OPEN)
    assert (tamper.severity, tamper.replaced) == (Severity.MEDIUM, 1)
    rows = read_difference(tamper)
    assert [(row.kind, row.old, row.new) for row in rows] == [
        ("same", (("Head", False),), (("Head", False),)),
        ("replaced", (("Welcome", True),), (("Hacked by x", True),)),
    ]


async def test_first_difference_is_looked_at_again_soon(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        async with db.begin() as session:
            (await session.merge(await load_check())).interval = 3600
        soon = utcnow() + timedelta(seconds=1.3 * SECOND_LOOK_AFTER)
        slots = []
        for page in (HOME, HACKED, HACKED):
            await show(entity, page)
            slots.append((await load_check()).slot_at < soon)

    assert slots == [False, True, False]


async def test_page_that_shows_the_same_is_written_nowhere(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HOME)
        before = (await load_page(entity)).updated_at
        await show(entity, HOME, HOME)
        assert (await load_page(entity)).updated_at == before


async def test_page_that_is_off_is_not_read(app: Quart, entity: Entity, owner: User) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await edit(entity, owner, is_on=False)
        assert await show(entity, HACKED, HACKED) == ["steady", "steady"]


async def test_look_under_way_while_people_change_something_moves_nothing(
    app: Quart, entity: Entity, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED)
        real = module.load_kept

        async def load_late(*given: Any) -> Any:
            kept = await real(*given)
            await edit(entity, owner, sort_lines=True)
            return kept

        monkeypatch.setattr("quartapp.monitoring.reader.load_kept", load_late)
        assert await show(entity, HACKED) == ["suspect"]
        assert await load_tampers(entity) == []


async def test_oldest_changes_of_a_page_that_never_rests_go(
    app: Quart, entity: Entity, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_TAMPERS", 2)
    async with app.app_context():
        await learn(entity, owner)
        for word in "abcd":
            await show(entity, *[f"<p>Head<p>{word}"] * 2)
            if word == "a":
                await settle((await load_tampers(entity))[0], owner, TamperState.INCIDENT)
        states = [one.state for one in await load_tampers(entity)]

    assert states == ["incident", "open", "open"]


KINDS = [*zip(list(MOVING)[::12], list(DEFACEMENTS)[::12], strict=True)]


@pytest.mark.parametrize(("kind", "name"), KINDS)
async def test_page_that_moves_raises_no_alarm_until_it_is_defaced(
    app: Quart, entity: Entity, owner: User, kind: str, name: str
) -> None:
    rng = Random(f"services {kind}")
    number = 0
    async with app.app_context():
        while (await show(entity, render(kind, rng, number)))[0] == "learning":
            number += 1
            assert number < MOST
        await learn(entity, owner, render(kind, rng, number))
        for later in range(10):
            await show(entity, render(kind, rng, number + later))
        assert await load_tampers(entity) == []
        pages = [DEFACEMENTS[name](render(kind, rng, number + 10 + later)) for later in range(4)]
        states = await show(entity, *pages)
        assert len(await load_tampers(entity)) == 1

    assert states[1:] == ["changed"] * 3
