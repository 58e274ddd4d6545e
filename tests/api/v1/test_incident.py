from typing import Any

import pytest
from quart import Quart

from quartapp.models import User
from tests.api.helpers import Api, add_site


async def test_incident_is_told_noted_changed_and_removed(app: Quart, hers: Api, ann: User) -> None:
    site = await add_site(app, ann)
    given = {"title": "Slow", "impact": "major", "started_at": "2026-01-01T00:00:00Z"}
    body = {**given, "entity_ids": [site.id], "body": "We look."}
    status, made = await hers("POST", "/incidents", json=body)
    shown = {"id": site.id, "name": site.name, "slug": site.slug, "url": site.url}
    (first,) = made["notes"]
    assert (status, made) == (
        201,
        {
            "id": made["id"],
            **given,
            "is_of_all": False,
            "resolved_at": None,
            "entities": [shown],
            "notes": [{**first, "state": "investigating", "body": "We look."}],
        },
    )
    assert first["author"]["name"] == "ann"
    path = f"/incidents/{made['id']}"
    assert hers.answered["Location"] == f"/api/v1{path}"
    note = {"state": "resolved", "body": "Done."}
    status, noted = await hers("POST", f"{path}/notes", json=note)
    assert (status, noted) == (
        201,
        {**first, **note, "id": noted["id"], "created_at": noted["created_at"]},
    )
    _, found = await hers("GET", path)
    assert found == {**made, "resolved_at": found["resolved_at"], "notes": [noted, first]}
    assert found["resolved_at"] is not None
    changed = {**found, "title": "Fast", "entities": [], "is_of_all": True}
    assert await hers("PATCH", path, json={"title": "Fast", "entity_ids": None}) == (200, changed)
    _, page = await hers("GET", "/incidents")
    assert page["items"] == [changed]
    assert (await hers("DELETE", path))[0] == 204
    assert (await hers("GET", path))[0] == 404


async def test_incident_without_sites_is_of_all(hers: Api) -> None:
    _, made = await hers("POST", "/incidents", json={"title": "Slow", "body": "We look."})
    assert (made["is_of_all"], made["impact"], made["entities"]) == (True, "minor", [])


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("title", {"title": ""}),
        ("body", {"body": " "}),
        ("impact", {"impact": "huge"}),
        ("state", {"state": "new"}),
        ("entity_ids", {"entity_ids": []}),
        ("entity_ids", {"entity_ids": [10**12]}),
        ("started_at", {"started_at": "2126-01-01T00:00:00Z"}),
    ],
)
async def test_what_is_no_incident_is_refused(api: Api, field: str, given: dict[str, Any]) -> None:
    body = {"title": "Slow", "body": "We look.", **given}
    status, problem = await api("POST", "/incidents", json=body)
    assert (status, problem["errors"][0]["loc"]) == (422, [field])
