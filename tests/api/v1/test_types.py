"""A body has values of the types that the document tells, and no others that look alike."""

from typing import Any

import pytest

from tests.api.helpers import Api, add_site

SITE = {"name": "A", "url": "https://a.test/"}
INCIDENT = {"title": "Slow", "body": "Slow."}


@pytest.mark.parametrize(
    ("method", "path", "body", "loc"),
    [
        ("POST", "/entities", {**SITE, "is_public": 0}, ["is_public"]),
        ("POST", "/entities", {**SITE, "is_public": "true"}, ["is_public"]),
        (
            "POST",
            "/entities/bulk",
            {"items": [{**SITE, "is_public": 1}]},
            ["items", 0, "is_public"],
        ),
        ("POST", "/groups", {"name": "A", "entity_ids": [True]}, ["entity_ids", 0]),
        ("POST", "/groups", {"name": "A", "entity_ids": ["1"]}, ["entity_ids", 0]),
        ("PATCH", "/bugs", {"ids": [1], "assignee_id": True}, ["assignee_id"]),
        ("PATCH", "/entities/1/check", {"interval": "60"}, ["interval"]),
        ("PATCH", "/entities/1/check", {"statuses": " 200" + 300 * " "}, ["statuses"]),
        ("POST", "/incidents", {**INCIDENT, "started_at": 0}, ["started_at"]),
        ("POST", "/incidents", {**INCIDENT, "started_at": "0"}, ["started_at"]),
        ("POST", "/channels", {"kind": "mail", "remind_every": False}, ["remind_every"]),
    ],
)
async def test_value_of_another_type_is_refused(
    api: Api, method: str, path: str, body: Any, loc: list[str | int]
) -> None:
    status, problem = await api(method, path, json=body)
    assert (status, [error["loc"] for error in problem["errors"]]) == (422, [loc])


@pytest.mark.parametrize("before", ["0", "0.5", "1767225600", "-1"])
async def test_moment_in_an_address_is_no_number(api: Api, app: Any, before: str) -> None:
    site = await add_site(app, None)
    path = f"/entities/{site.id}/results?before={before}"
    assert (await api("GET", path))[0] == 422
