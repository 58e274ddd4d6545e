from datetime import datetime, timedelta
from typing import Any

import pytest
from quart import Quart

from quartapp.models import Entity, User, utcnow
from tests.api.helpers import Api, add_site

RULE = {"weekdays": "1234567", "start_time": "00:00", "minutes": 1440}
NOTHING = {"starts_at": None, "ends_at": None, "weekdays": "", "start_time": None, "minutes": None}


@pytest.fixture
async def entity(app: Quart, ann: User) -> Entity:
    return await add_site(app, ann)


def show(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def test_window_of_a_site_is_added_read_replaced_and_removed(
    hers: Api, entity: Entity
) -> None:
    given = {"title": "Disks", "entity_id": entity.id, "timezone": "Europe/Berlin", **RULE}
    status, made = await hers("POST", "/maintenances", json=given)
    now = utcnow()
    del given["entity_id"]
    found = {name: made[name] for name in ("id", "open_until", "next_at")}
    site = {"id": entity.id, "name": "My site", "slug": "my-site", "url": "https://example.org/"}
    assert (status, made) == (201, {**NOTHING, **given, **found, "entity": site})
    assert now < datetime.fromisoformat(made["open_until"]) <= now + timedelta(hours=25)
    path = f"/maintenances/{made['id']}"
    assert await hers("GET", path) == (200, made)
    start, end = now + timedelta(hours=1), now + timedelta(hours=2)
    once = {"title": "Moving", "starts_at": show(start), "ends_at": show(end)}
    assert await hers("PUT", path, json=once) == (
        200,
        {
            **NOTHING,
            **once,
            "id": made["id"],
            "entity": made["entity"],
            "timezone": "UTC",
            "open_until": None,
            "next_at": show(start),
        },
    )
    assert (await hers("DELETE", path))[0] == 204
    assert (await hers("GET", path))[0] == 404


async def test_what_a_patch_names_is_changed_and_has_to_fit_the_rest(
    hers: Api, entity: Entity
) -> None:
    start, end = [utcnow() + timedelta(hours=hours) for hours in (-1, 1)]
    given = {"title": "Disks", "entity_id": entity.id, "starts_at": show(start)}
    _, made = await hers("POST", "/maintenances", json={**given, "ends_at": show(end)})
    path = f"/maintenances/{made['id']}"
    later = show(end + timedelta(hours=1))
    changes = {"title": "Moving", "ends_at": later}
    changed = {**made, **changes, "open_until": later}
    assert await hers("PATCH", path, json=changes) == (200, changed)
    for field, value in [("ends_at", show(start)), ("starts_at", None), ("minutes", 5)]:
        status, problem = await hers("PATCH", path, json={field: value})
        assert (status, len(problem["errors"])) == (422, 1)
    assert await hers("GET", path) == (200, changed)

    weekly = {"starts_at": None, "ends_at": None, **RULE}
    status, shown = await hers("PATCH", path, json=weekly)
    assert (status, {name: shown[name] for name in weekly}) == (200, weekly)
    status, shown = await hers("PATCH", path, json={"start_time": "23:30"})
    assert (status, shown["start_time"], shown["minutes"]) == (200, "23:30", 1440)


async def test_windows_of_a_site_are_listed_with_those_of_all(
    app: Quart, api: Api, admin: User
) -> None:
    one, two = [await add_site(app, admin, name) for name in ("One", "Two")]
    for entity_id in (one.id, two.id, None):
        body = {"title": f"of {entity_id}", "entity_id": entity_id, **RULE}
        assert (await api("POST", "/maintenances", json=body))[0] == 201
    for query, titles in [
        ("", ["of None", f"of {two.id}", f"of {one.id}"]),
        (f"?entity={one.id}", ["of None", f"of {one.id}"]),
    ]:
        _, page = await api("GET", f"/maintenances{query}")
        assert [item["title"] for item in page["items"]] == titles


async def test_all_sites_rest_for_administrators_only(hers: Api) -> None:
    assert (await hers("POST", "/maintenances", json={"title": "Disks", **RULE}))[0] == 403


async def test_site_that_is_not_there_cannot_rest(hers: Api) -> None:
    body = {"title": "Disks", "entity_id": 10**12, **RULE}
    assert (await hers("POST", "/maintenances", json=body))[0] == 404


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("title", {**RULE, "title": ""}),
        ("timezone", {**RULE, "timezone": "Mars/Base"}),
        ("weekdays", {**RULE, "weekdays": "8"}),
        ("start_time", {**RULE, "start_time": "24:00"}),
        ("minutes", {**RULE, "minutes": 0}),
        ("minutes", {**RULE, "minutes": None}),
        ("starts_at", {}),
        ("starts_at", {**RULE, "starts_at": "2026-01-01T00:00:00Z"}),
        ("ends_at", {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}),
        ("ends_at", {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-02T00:00:00"}),
    ],
)
async def test_what_is_no_window_is_refused(api: Api, field: str, given: dict[str, Any]) -> None:
    status, problem = await api("POST", "/maintenances", json={"title": "Disks", **given})
    assert (status, problem["errors"][0]["loc"]) == (422, [field])
