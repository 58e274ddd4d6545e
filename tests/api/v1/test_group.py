from typing import Any

import pytest
from quart import Quart

from quartapp.models import User
from tests.api.helpers import Api, add_site


async def test_group_is_made_read_changed_replaced_and_removed(
    app: Quart, api: Api, admin: User
) -> None:
    one, two = [await add_site(app, admin, name) for name in ("One", "Two")]
    given = {"name": "Shops", "description": "All.", "is_public": True}
    ids = {"entity_ids": [two.id, one.id]}
    status, made = await api("POST", "/groups", json={**given, **ids})
    shown = [
        {"id": site.id, "name": site.name, "slug": site.slug, "url": site.url}
        for site in (one, two)
    ]
    assert (status, made) == (
        201,
        {"id": made["id"], "slug": "shops", "entities": shown, **given},
    )
    path = f"/groups/{made['id']}"
    assert api.answered["Location"] == f"/api/v1{path}"
    assert await api("GET", path) == (200, made)
    changed = {**made, "is_public": False, "entities": shown[:1]}
    patch = {"is_public": False, "entity_ids": [one.id]}
    assert await api("PATCH", path, json=patch) == (200, changed)
    replaced = {**changed, "name": "Others", "description": "", "entities": []}
    assert await api("PUT", path, json={"name": "Others"}) == (200, replaced)
    _, page = await api("GET", "/groups")
    assert page["items"] == [replaced]
    assert (await api("DELETE", path))[0] == 204
    assert (await api("GET", path))[0] == 404


async def test_editor_changes_no_group(api: Api, hers: Api) -> None:
    _, made = await api("POST", "/groups", json={"name": "Shops"})
    for method in ("PUT", "PATCH"):
        assert (await hers(method, f"/groups/{made['id']}", json={"name": "Hers"}))[0] == 403
    assert (await hers("DELETE", f"/groups/{made['id']}"))[0] == 403
    assert await hers("GET", f"/groups/{made['id']}") == (200, made)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("description", {"description": 2001 * "x"}),
        ("entity_ids", {"entity_ids": [10**12]}),
        ("entity_ids", {"entity_ids": list(range(1, 502))}),
    ],
)
async def test_what_is_no_group_is_refused(api: Api, field: str, given: dict[str, Any]) -> None:
    status, problem = await api("POST", "/groups", json={"name": "Shops", **given})
    assert (status, problem["errors"][0]["loc"]) == (422, [field])


async def test_taken_name_is_a_conflict(api: Api) -> None:
    assert (await api("POST", "/groups", json={"name": "Shops"}))[0] == 201
    assert (await api("POST", "/groups", json={"name": "Shops"}))[0] == 409
