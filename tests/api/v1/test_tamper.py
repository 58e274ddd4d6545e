import pytest
from quart import Quart

from quartapp.models import Entity, User, utcnow
from quartapp.models.learning import FEWEST
from tests.api.helpers import Api, add_site
from tests.services.reading import load_tampers, show

HOME, HACKED = "<p>Head<p>Welcome home", "<p>Head<p>Welcome hacker"


@pytest.fixture
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def look(app: Quart, entity: Entity, *pages: str) -> None:
    async with app.app_context():
        await show(entity, *pages)


async def deface(app: Quart, api: Api, entity: Entity) -> str:
    """Have a page learned, accepted and changed; return the path of the change."""
    await look(app, entity, *[HOME] * FEWEST)
    status, page = await api("POST", f"/entities/{entity.id}/tamper/accept")
    assert (status, page["state"], page["learned"]["baselines"]) == (200, "steady", 1)
    await look(app, entity, HACKED, HACKED)
    async with app.app_context():
        (tamper,) = await load_tampers(entity)
    return f"/tampers/{tamper.id}"


async def test_change_is_told_and_settled(app: Quart, api: Api, entity: Entity) -> None:
    path = await deface(app, api, entity)
    status, found = await api("GET", path)
    site = {"id": entity.id, "name": "My site", "slug": "my-site", "url": "https://example.org/"}
    assert (status, found) == (
        200,
        {
            "id": int(path.rpartition("/")[2]),
            "entity": site,
            "found_at": found["found_at"],
            "kind": "changed",
            "detail": "",
            "severity": "medium",
            "added": 0,
            "removed": 0,
            "replaced": 1,
            "state": "open",
            "settled_at": None,
            "settled_by": None,
        },
    )
    status, found = await api("PATCH", path, json={"state": "accepted"})
    assert (status, found["state"], found["settled_by"]["name"]) == (200, "accepted", "admin")
    assert found["settled_at"] <= utcnow().isoformat().replace("+00:00", "Z")
    status, problem = await api("PATCH", path, json={"state": "incident"})
    assert (status, problem["detail"]) == (409, "It is settled: accepted.")


async def test_difference_is_lines_with_words_marked(app: Quart, api: Api, entity: Entity) -> None:
    path = await deface(app, api, entity)
    head = [{"text": "Head", "is_marked": False}]
    welcome = {"text": "Welcome ", "is_marked": False}
    assert await api("GET", f"{path}/difference") == (
        200,
        {
            "is_cut": False,
            "rows": [
                {
                    "kind": "same",
                    "old_number": 1,
                    "new_number": 1,
                    "old": head,
                    "new": head,
                    "hidden": 0,
                },
                {
                    "kind": "replaced",
                    "old_number": 2,
                    "new_number": 2,
                    "old": [welcome, {"text": "home", "is_marked": True}],
                    "new": [welcome, {"text": "hacker", "is_marked": True}],
                    "hidden": 0,
                },
            ],
        },
    )


async def test_changes_are_filtered(app: Quart, api: Api, entity: Entity) -> None:
    await deface(app, api, entity)
    for query, count in [
        ("", 1),
        ("?state=open", 1),
        ("?state=incident", 0),
        ("?state=incident&state=open", 1),
        ("?q=MY+site", 1),
        ("?q=elsewhere", 0),
        (f"?entity={entity.id}", 1),
        (f"?entity={entity.id + 1}", 0),
    ]:
        status, page = await api("GET", f"/tampers{query}")
        assert (status, [one["state"] for one in page["items"]]) == (200, ["open"] * count), query


async def test_page_says_how_it_is_read_and_what_was_learned(
    app: Quart, api: Api, entity: Entity
) -> None:
    path = f"/entities/{entity.id}/tamper"
    nothing = {"looks": 0, "patterns": [], "known": [], "baselines": 0, "text": "", "differing": []}
    plain = {
        "entity_id": entity.id,
        "state": "learning",
        "state_since": None,
        "is_on": True,
        "exclude": [],
        "include": [],
        "ignore": [],
        "sort_lines": False,
        "unique_lines": False,
        "learned": nothing,
    }
    assert await api("GET", path) == (200, plain)
    given = {"exclude": ["#ads"], "include": ["main", "p"], "ignore": ["^x$"], "sort_lines": True}
    status, page = await api("PATCH", path, json=given)
    assert (status, page) == (200, {**plain, **given, "state_since": page["state_since"]})

    await look(app, entity, *[f"<main><p>Head<p>Visitors: {n}</main>" for n in range(FEWEST)])
    await look(app, entity, "<main><p>Head<p>More<p>Visitors: 9</main>")
    status, page = await api("GET", path)
    assert (page["learned"]["text"], page["learned"]["differing"]) == ("Head", ["+More"])
    assert (page["state"], page["learned"]["looks"]) == ("unconfirmed", FEWEST + 1)
    assert page["learned"]["patterns"] == [r"^Visitors: [-+]?\d[\d.,]{0,4}$"]
    status, page = await api("POST", f"{path}/relearn")
    assert (status, page["state"], page["learned"]) == (200, "learning", nothing)
    status, problem = await api("POST", f"{path}/accept")
    assert (status, problem["detail"]) == (409, "Nothing that was learned waits to be accepted.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("include", ["<"]),
        ("exclude", ["a\nb"]),
        ("ignore", ["("]),
        ("ignore", ["a\0"]),
        ("ignore", "x"),
        ("is_on", None),
        ("state", "steady"),
    ],
    ids=["no-selector", "two-lines", "no-pattern", "control", "no-list", "null", "unknown"],
)
async def test_wrong_settings_are_refused(
    api: Api, entity: Entity, field: str, value: object
) -> None:
    status, problem = await api("PATCH", f"/entities/{entity.id}/tamper", json={field: value})
    assert (status, problem["errors"][0]["loc"][0]) == (422, field)


async def test_nothing_is_settled_as_open(app: Quart, api: Api, entity: Entity) -> None:
    path = await deface(app, api, entity)
    assert (await api("PATCH", path, json={"state": "open"}))[0] == 422
