from quart import Quart

from quartapp.models import User
from tests.api.helpers import Api, add_site

GIVEN = {
    "interval": 60,
    "timeout": 20.0,
    "down_after": 3,
    "up_after": 2,
    "statuses": "200-399",
    "present": "",
    "absent": "",
    "json_path": "",
    "json_value": "",
    "is_paused": False,
}


async def test_check_is_shown_and_changed(app: Quart, api: Api, admin: User) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/check"
    status, found = await api("GET", path)
    assert (status, {**found, "due_at": None}) == (
        200,
        {**GIVEN, "entity_id": found["entity_id"], "due_at": None},
    )

    changes = {
        "interval": 10,
        "statuses": "204,  401",
        "present": " Welcome ",
        "json_path": " $.items[0]['name']",
        "json_value": "true",
        "is_paused": True,
    }
    status, changed = await api("PATCH", path, json=changes)
    assert (status, changed) == (
        200,
        {
            **GIVEN,
            **changes,
            "entity_id": found["entity_id"],
            "timeout": 8.0,
            "statuses": "204, 401",
            "present": "Welcome",
            "json_path": "$.items[0]['name']",
            "due_at": None,
        },
    )
    assert await api("GET", path) == (200, changed)


async def test_wrong_ways_to_look_are_refused(app: Quart, api: Api, admin: User) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/check"
    for field, value in [
        ("interval", 9),
        ("interval", 86_401),
        ("interval", None),
        ("down_after", 0),
        ("up_after", 11),
        ("statuses", "all"),
        ("statuses", "700"),
        ("present", "a\nb"),
        ("absent", "x" * 201),
        ("json_path", "status"),
        ("json_path", "$[?@.a]"),
        ("json_path", "$." + "x" * 199),
        ("json_value", "a\nb"),
        ("json_value", "of no path"),
        ("state", "up"),
        ("due_at", None),
    ]:
        status, problem = await api("PATCH", path, json={field: value})
        assert (status, [error["loc"] for error in problem["errors"]]) == (422, [[field]]), field


async def test_site_is_looked_at_on_demand_unless_it_is_paused(
    app: Quart, api: Api, admin: User
) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/check"
    _, before = await api("GET", path)
    status, found = await api("POST", f"{path}/run")
    assert (status, found["due_at"] > before["due_at"]) == (202, True)

    await api("PATCH", path, json={"is_paused": True})
    status, problem = await api("POST", f"{path}/run")
    assert (status, problem["detail"]) == (409, "It is paused; resume it first.")
