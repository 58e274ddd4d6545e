from pathlib import Path

import pytest
from quart.testing import QuartClient

from quartapp import create_app
from quartapp.api.v1.docs import ASSETS


@pytest.fixture
def database_kind() -> str:
    """No database is asked here."""
    return "sqlite"


async def test_page_loads_what_is_served_here(client: QuartClient) -> None:
    page = await (await client.get("/api/v1/docs")).get_data(as_text=True)
    for name in ASSETS:
        assert f"/api/v1/docs/{name}" in page
        response = await client.get(f"/api/v1/docs/{name}")
        assert (response.status_code, response.headers["X-Content-Type-Options"]) == (
            200,
            "nosniff",
        )


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js", "..%2fsecret", "nothing"])
async def test_no_other_file_of_the_folder_is_served(client: QuartClient, name: str) -> None:
    assert (await client.get(f"/api/v1/docs/{name}")).status_code == 404


async def test_every_operation_has_a_name_of_its_own(client: QuartClient) -> None:
    document = await (await client.get("/api/v1/openapi.json")).get_json()
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert document["openapi"].startswith("3.1")
    assert len(set(names)) == len(names) > 0


async def test_every_operation_may_be_one_too_many(client: QuartClient) -> None:
    document = await (await client.get("/api/v1/openapi.json")).get_json()
    told = {
        (path, method): sorted(operation["responses"].get("429", {}).get("headers", ()))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert told == {one: ["RateLimit", "RateLimit-Policy", "Retry-After"] for one in told}


@pytest.mark.parametrize(("method", "path"), [("patch", "bugs"), ("post", "channels")])
async def test_what_a_body_names_may_be_missing(
    client: QuartClient, method: str, path: str
) -> None:
    document = await (await client.get("/api/v1/openapi.json")).get_json()
    assert "404" in document["paths"][f"/api/v1/{path}"][method]["responses"]


async def test_documents_can_be_switched_off(tmp_path: Path) -> None:
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "API_DOCS": False})
    for path in ("/api/v1/docs", "/api/v1/openapi.json"):
        assert (await app.test_client().get(path)).status_code == 404
