"""Many sites from a file, on every database: all of them, or none."""

import json
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp.errors import ForbiddenError, InvalidError
from quartapp.extensions import db
from quartapp.models import Check, Entity, Role, State, User
from quartapp.models.address import Bounds
from quartapp.services import site_file
from quartapp.services.entity import add_entity
from quartapp.services.group import add_group, select_groups
from quartapp.services.site_import import (
    Plan,
    Source,
    add_sites,
    group_sites,
    plan_import,
    write_added,
)
from tests.helpers import add_person, queries
from tests.services.test_site_foreign import GATUS, KUMA

BOUNDS = Bounds([range(80, 81), range(443, 444)], [])
URL = "https://example.org/"


def make_plan(count: int) -> Plan:
    rest = {"url": URL, "content": "", "is_public": False}
    return Plan([{"name": f"Site {number}", **rest} for number in range(count)])


async def count() -> tuple[int, int]:
    """Return how many sites there are, and how many checks."""
    async with db.read() as session:
        sites = await session.scalar(select(func.count()).select_from(Entity))
        checks = await session.scalar(select(func.count()).select_from(Check))
    return sites or 0, checks or 0


async def plan(text: str, *, skip_existing: bool = False) -> Plan:
    async with db.read() as session:
        return await plan_import(session, text, BOUNDS, skip_existing=skip_existing)


async def refuse(text: str) -> list[str]:
    """Return all that is said of a file that is refused."""
    with pytest.raises(InvalidError) as caught:
        await plan(text)
    return [error.msg for error in caught.value.errors]


async def test_every_wrong_value_is_told_with_its_line_and_column(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_entity(session, name="Old", url=URL, owner=boss)
        text = (
            "name,url,content,is_public\n"
            f'Good,{URL},"Two\nlines",true\n'
            ",ftp://example.org,,perhaps\n"
            "\n"
            f"Old,http://10.0.0.1/,{'x' * 10_001},\n"
            f"Good,{URL},,\n"
            f"Short,{URL}\n"
        )
        assert await refuse(text) == [
            "Line 4, name: This is needed.",
            "Line 4, url: An address starts with http:// or https://, and a host follows.",
            "Line 4, is_public: This is neither true nor false.",
            "Line 6, url: 10.0.0.1 is not a public address."
            " Whoever runs this may allow it: CHECK_ALLOWED_NETWORKS.",
            "Line 6, content: This has 10,001 characters, 10,000 are the most.",
            "Line 6, name: The name 'Old' is taken.",
            "Line 7, name: It stands in line 2, too.",
            "Line 8: There are 2 cells, and 4 columns.",
        ]


async def test_names_that_exist_are_passed_over_if_so_wished(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_entity(session, name="Old", url=URL, owner=boss)
        found = await plan(f"name,url\nOld,{URL}\nNew,{URL}\n", skip_existing=True)
    new = {"name": "New", "url": URL, "content": "", "is_public": False}
    assert found == Plan([new], 1)
    assert write_added(found) == "1 site was added. 1 was there already."


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeffname,url,content,is_public\r\nA, {URL} ,'=1,TRUE\r\nB,{URL},,\r\n",
        f'{{"id": 7, "name": "A", "url": "{URL}", "content": "=1", "is_public": true}}\n\n'
        f'{{"name": " B", "url": "{URL}"}}',
        json.dumps(
            [
                {"name": "A", "url": URL, "content": "=1", "is_public": True, "owner": None},
                {"name": "B", "url": URL},
            ]
        ),
    ],
    ids=["csv", "lines", "list"],
)
async def test_each_format_says_the_same(app: Quart, text: str) -> None:
    async with app.app_context():
        found = await plan(text)
    assert found.sites == [
        {"name": "A", "url": URL, "content": "=1", "is_public": True},
        {"name": "B", "url": URL, "content": "", "is_public": False},
    ]


@pytest.mark.parametrize("size", [1, 250, 1_000])
async def test_sites_are_added_by_few_statements_a_batch(app: Quart, boss: User, size: int) -> None:
    async with app.app_context():
        with queries(db.engine) as sent:
            async with db.begin() as session:
                done = [done async for done in add_sites(session, make_plan(size), boss)]
        assert done == [*range(100, size, 100), size]
        batches = len(done)
        assert len(sent) <= 6 * batches + 1, [statement[:60] for statement in sent]
        assert await count() == (size, size)


async def break_off(owner: User) -> None:
    async with db.begin() as session:
        async for _ in add_sites(session, make_plan(200), owner):
            raise RuntimeError


async def test_import_that_breaks_off_leaves_nothing(app: Quart, boss: User) -> None:
    async with app.app_context():
        with pytest.raises(RuntimeError):
            await break_off(boss)
        assert await count() == (0, 0)


async def test_site_may_have_no_owner_but_no_viewer(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            eve = await add_person(session, "eve", role=Role.VIEWER)
            with pytest.raises(ForbiddenError):
                await anext(add_sites(session, make_plan(1), eve))
            await anext(add_sites(session, make_plan(1), None))
        assert await count() == (1, 1)


# --- of other programs


WAY = (Check.interval, Check.down_after, Check.statuses, Check.present, Check.state, Check.due_at)


async def list_ways() -> dict[str, tuple[Any, ...]]:
    async with db.read() as session:
        query = select(Entity.name, *WAY).join(Check, Check.entity_id == Entity.id)
        return {row[0]: tuple(row[1:6]) for row in await session.execute(query) if check_due(row)}


def check_due(row: Any) -> bool:
    return (row.due_at is None) == (row.state == State.PAUSED)


async def list_groups() -> dict[str, list[str]]:
    async with db.read() as session:
        groups = (await session.scalars(select_groups())).all()
        return {one.name: [entity.name for entity in one.entities] for one in groups}


async def add_foreign(source: Source, text: str, **skips: bool) -> Plan:
    async with db.begin() as session:
        found = await plan_import(session, text, BOUNDS, source=source, **skips)
        async for _ in add_sites(session, found, None):
            pass
        await group_sites(session, found)
    return found


async def test_sites_of_uptime_kuma_come_with_their_settings_and_groups(app: Quart) -> None:
    async with app.app_context():
        found = await add_foreign(Source.KUMA, KUMA, skip_faulty=True)
        assert len(found.passed_over) == 8
        assert found.passed_over[0].msg == (
            "Line 563: Router: monitors of type ping have no counterpart"
        )
        assert found.left_out[:2] == (
            "Left out: notificationList",
            "Line 106, Front page: left out: headers (X-Api-Key), notificationIDList,"
            " interval (it is 30 s here)",
        )
        assert await list_ways() == {
            "Front page": (30, 3, "200-299", "", State.NEW),
            "Search": (60, 10, "200-299", "Results", State.NEW),
            "No errors": (60, 1, "200-299", "", State.PAUSED),
            "Health": (60, 1, "200, 300-399", "", State.NEW),
            "Query": (60, 1, "200-299", "", State.NEW),
        }
        assert await list_groups() == {"Shop": ["Front page", "Search"]}


async def test_second_time_adds_nothing_twice(app: Quart) -> None:
    skips = {"skip_faulty": True, "skip_existing": True}
    async with app.app_context():
        first = await add_foreign(Source.GATUS, GATUS, **skips)
        before = await list_ways(), await list_groups()
        again = await add_foreign(Source.GATUS, GATUS, **skips)

        assert (len(first.sites), first.skipped) == (4, 0)
        assert (len(again.sites), again.skipped) == (0, 4)
        assert (await list_ways(), await list_groups()) == before
        assert before[1] == {
            "core": ["back-end", "front-end", "health (core)"],
            "shop": ["health (shop)"],
        }


async def test_one_that_does_not_fit_keeps_all_out(app: Quart) -> None:
    async with app.app_context():
        with pytest.raises(InvalidError) as caught:
            await add_foreign(Source.GATUS, GATUS)
        assert [error.msg for error in caught.value.errors][1:3] == [
            "Line 58: icmp-ping: endpoints of icmp have no counterpart",
            "Line 62: search: method POST: sites are asked by GET",
        ]
        assert await count() == (0, 0)


async def test_what_forms_refuse_is_refused_of_others_too(app: Quart) -> None:
    endpoints = [
        {"name": "inside", "url": "http://127.0.0.1/"},
        {"name": "", "url": URL},
        {"name": "twice", "url": URL},
        {"name": "twice", "url": URL},
    ]
    text = "\n".join(["endpoints:", *(f"- {json.dumps(one)}" for one in endpoints)])
    async with app.app_context():
        with pytest.raises(InvalidError) as caught:
            await add_foreign(Source.GATUS, text)
    assert [(error.loc, error.msg.partition(": ")[2][:25]) for error in caught.value.errors] == [
        ((2, "url"), "127.0.0.1 is not a public"),
        ((3, "name"), "This is needed."),
        ((5, "name"), "It stands in line 4, too."),
    ]


async def test_group_that_is_there_gets_the_new_sites(app: Quart, boss: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            old = await add_entity(session, name="Old", url=URL, owner=boss)
            await add_group(session, boss, name="core", entity_ids=[old.id])
        await add_foreign(Source.GATUS, GATUS, skip_faulty=True)
        assert (await list_groups())["core"] == ["Old", "back-end", "front-end", "health (core)"]


async def test_file_of_too_many_sites_is_refused(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_file, "MAX_ROWS", 3)
    async with app.app_context():
        with pytest.raises(InvalidError, match="3 sites at most"):
            await add_foreign(Source.GATUS, GATUS, skip_faulty=True)
