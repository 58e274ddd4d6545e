"""Many sites at once: all of them, or none."""

from typing import Any

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp.extensions import db
from quartapp.models import Check, Entity, Role, User
from tests.api.helpers import Api, add_site
from tests.helpers import add_person, make_bearer, queries

PATH = "/entities/bulk"


def make_items(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "url": f"https://example.org/{at}"} for at, name in enumerate(names)]


async def count(app: Quart) -> tuple[int, int]:
    """Return how many sites there are, and how many checks."""
    async with app.app_context(), db.read() as session:
        tables = (Entity, Check)
        sites, checks = [
            await session.scalar(select(func.count()).select_from(one)) or 0 for one in tables
        ]
    return sites, checks


async def test_all_are_added_in_their_order_and_looked_at(
    app: Quart, api: Api, admin: User
) -> None:
    items = make_items("Zoo", "Alpha", "zoo!")
    items[1] |= {"content": "First.", "is_public": True}
    status, made = await api("POST", PATH, json={"items": items})

    assert (status, api.answered["Location"]) == (201, "/api/v1/entities")
    assert [(one["name"], one["slug"], one["url"]) for one in made["items"]] == [
        ("Zoo", "zoo", "https://example.org/0"),
        ("Alpha", "alpha", "https://example.org/1"),
        ("zoo!", "zoo-2", "https://example.org/2"),
    ]
    assert (made["items"][1]["content"], made["items"][1]["is_public"]) == ("First.", True)
    for one in made["items"]:
        assert await api("GET", f"/entities/{one['id']}") == (200, one)
        assert one["owner"] == {"id": admin.id, "name": "admin"}
        assert (await api("GET", f"/entities/{one['id']}/check"))[1]["due_at"] is not None
    assert await count(app) == (3, 3)


async def test_slugs_go_around_those_that_are_taken(app: Quart, api: Api, admin: User) -> None:
    for name in ("Zoo", "Zoo 3", "new"):
        await add_site(app, admin, name)
    names = ("zoo", "ZOO", "a", "A", "a 2", "!!!", "New")
    status, made = await api("POST", PATH, json={"items": make_items(*names)})

    assert status == 201
    slugs = {one["name"]: one["slug"] for one in made["items"]}
    assert slugs == {
        "zoo": "zoo-2",
        "ZOO": "zoo-4",
        "a": "a",
        "A": "a-3",
        "a 2": "a-2",
        "!!!": "site",
        "New": "new-3",
    }


async def test_every_wrong_item_is_named_with_its_place(app: Quart, api: Api) -> None:
    items = make_items("Good", " ", "Also good", "Old")
    items[2]["url"], items[3]["owner"] = "ftp://example.org", "me"
    status, problem = await api("POST", PATH, json={"items": items})

    assert (status, problem["detail"]) == (422, "Some fields are wrong.")
    assert [error["loc"] for error in problem["errors"]] == [
        ["items", 1, "name"],
        ["items", 2, "url"],
        ["items", 3, "owner"],
    ]
    assert await count(app) == (0, 0)


# What the schema refuses, what is not asked, and names that stand there before.
WRONG = {
    "name": ({"name": ""}, 422, 0),
    "url": ({"url": "http://10.0.0.1/"}, 422, 0),
    "twice": ({"name": "Site"}, 409, 1),
}


@pytest.mark.parametrize("more", [0, 899])
@pytest.mark.parametrize(("wrong", "status", "first"), WRONG.values(), ids=WRONG)
async def test_first_hundred_wrong_items_are_named(
    app: Quart, api: Api, wrong: dict[str, str], status: int, first: int, more: int
) -> None:
    names = [f"Site {number}" for number in range(first + 100 + more)]
    items = [{**item, **wrong} for item in make_items(*names)]
    answered, problem = await api("POST", PATH, json={"items": items})

    assert (answered, problem.get("more_errors")) == (status, more or None)
    assert [error["loc"] for error in problem["errors"]] == [
        ["items", number, *wrong] for number in range(first, first + 100)
    ]
    assert await count(app) == (0, 0)


async def test_every_taken_name_is_named_with_its_place(app: Quart, api: Api, admin: User) -> None:
    await add_site(app, admin, "Zoo")
    await add_site(app, admin, "Museum")
    names = ("Museum", "New one", "Zoo", "Twice", "Twice")
    status, problem = await api("POST", PATH, json={"items": make_items(*names)})

    assert (status, problem["detail"]) == (409, "3 names are taken.")
    assert problem["errors"] == [
        {"loc": ["items", at, "name"], "msg": f"The name {name!r} is taken.", "type": "conflict"}
        for at, name in ((0, "Museum"), (2, "Zoo"), (4, "Twice"))
    ]
    assert await count(app) == (2, 2)
    _, problem = await api("POST", PATH, json={"items": make_items("Zoo", "New one")})
    assert problem["detail"] == "The name 'Zoo' is taken."


TOO_MANY = make_items(*(f"Site {number}" for number in range(1001)))


@pytest.mark.parametrize("items", [[], TOO_MANY, None, "x"], ids=["none", "1001", "null", "text"])
async def test_none_and_too_many_are_refused(api: Api, items: object) -> None:
    status, problem = await api("POST", PATH, json={"items": items})
    assert (status, [error["loc"] for error in problem["errors"]]) == (422, [["items"]])


async def test_viewer_adds_none(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        eve = await add_person(session, "eve", role=Role.VIEWER)
        api = Api(app, await make_bearer(session, eve))
    assert (await api("POST", PATH, json={"items": make_items("Zoo")}))[0] == 403
    assert await count(app) == (0, 0)


async def test_a_thousand_cost_few_statements(app: Quart, api: Api) -> None:
    items = make_items(*(f"Site {number}" for number in range(1000)))
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        assert (await api("POST", PATH, json={"items": items}))[0] == 201

    assert await count(app) == (1000, 1000)
    assert len(sent) <= 12, [statement[:60] for statement in sent]
