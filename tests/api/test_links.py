from typing import Any

import pytest
from quart.testing import QuartClient

from quartapp.app import QuartApp
from quartapp.models import User
from tests.api.helpers import Api, add_site


@pytest.fixture
def database_kind() -> str:
    """What links say is the same on all of them."""
    return "sqlite"


async def read_document(client: QuartClient) -> Any:
    return await (await client.get("/api/v1/openapi.json")).get_json()


def find_links(document: Any, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = document["paths"][path]["post"]["responses"]["201"]
    return answer.get("links", {})


async def test_comment_that_was_made_leads_to_what_can_be_done_with_it(client: QuartClient) -> None:
    links = find_links(await read_document(client), "/api/v1/entities/{entity_id}/comments")

    parameters = {"entity_id": "$request.path.entity_id", "comment_id": "$response.body#/id"}
    assert links == {
        name: {"operationId": name, "parameters": parameters, "description": description}
        for name, description in (
            ("comment_show", "Return one comment."),
            ("comment_replace", "Replace a comment."),
            ("comment_edit", "Change what is sent of a comment, nothing else."),
            ("comment_remove", "Remove a comment."),
        )
    }


async def test_site_leads_to_what_is_said_of_it_but_not_to_one_comment(client: QuartClient) -> None:
    links = find_links(await read_document(client), "/api/v1/entities")

    assert {"entity_show", "entity_remove", "comment_index", "comment_new", "check_edit"} <= set(
        links
    )
    assert "comment_show" not in links


@pytest.mark.parametrize("path", ["/api/v1/entities/bulk", "/api/v1/setup"])
async def test_what_has_no_id_or_no_address_leads_nowhere(client: QuartClient, path: str) -> None:
    assert find_links(await read_document(client), path) == {}


async def test_every_link_gives_its_operation_each_part_of_the_address(client: QuartClient) -> None:
    paths = (await read_document(client))["paths"]
    needed = {
        operation["operationId"]: {
            one["name"] for one in operation["parameters"] if one["in"] == "path"
        }
        for operations in paths.values()
        for operation in operations.values()
    }
    links = [
        (path, link)
        for path, operations in paths.items()
        for answer in operations.get("post", {"responses": {}})["responses"].values()
        for link in answer.get("links", {}).values()
    ]

    assert len(links) > 0
    for path, link in links:
        assert set(link["parameters"]) == needed[link["operationId"]]
        asked = {x for x in link["parameters"].values() if x != "$response.body#/id"}
        assert all(f"{{{one.removeprefix('$request.path.')}}}" in path for one in asked)


async def test_link_of_a_reported_bug_finds_it(
    api: Api, client: QuartClient, app: QuartApp, admin: User
) -> None:
    site = await add_site(app, admin)
    links = find_links(await read_document(client), "/api/v1/entities/{entity_id}/bugs")
    _, made = await api(
        "POST", f"/entities/{site.id}/bugs", json={"title": "Weak", "severity": "low"}
    )

    assert links["bug_show"]["parameters"] == {"bug_id": "$response.body#/id"}
    assert await api("GET", f"/bugs/{made['id']}") == (200, made)
