"""Many sites from a file, on every database: all of them, or none."""

import json

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp.errors import ForbiddenError, InvalidError
from quartapp.extensions import db
from quartapp.models import Check, Entity, Role, User
from quartapp.models.address import Bounds
from quartapp.services.entity import add_entity
from quartapp.services.site_import import Plan, add_sites, plan_import, write_added
from tests.helpers import add_person, queries

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
