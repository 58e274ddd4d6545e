"""The page of the API's documentation: swagger-ui under our policy, without a network."""

import json

import pytest

from tests.browser.chromium import Locator, Page
from tests.browser.conftest import OpenPage
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/docs"


async def open_operation(page: Page, name: str) -> Locator:
    """Open an operation by its name in the document, ready to be tried."""
    operation = page.locator(f"[id$={name}].opblock")
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    return operation


async def execute(operation: Locator) -> tuple[str, str]:
    """Send the request; return status and body of the answer that is shown."""
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    status = await answer.locator(".response-col_status").inner_text()
    return status.split()[0], await answer.locator(".highlight-code code").first.inner_text()


async def authorize(page: Page, token: str) -> None:
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    await dialog.locator("form", has_text="bearer").get_by_role("textbox").fill(token)
    await dialog.get_by_role("button", name="Apply credentials").first.click()
    await dialog.get_by_role("button", name="Close").last.click()


async def test_every_operation_is_shown(open_page: OpenPage, site: Server) -> None:
    tab = await open_page(base_url=site.url)
    await tab.page.goto(PATH)
    document = await (await tab.page.request.get("/api/v1/openapi.json")).json()
    operations = [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]
    await tab.page.locator(".opblock").first.wait_for()
    shown = await tab.page.locator(".opblock-summary").evaluate_all(
        "all => all.map(one => one.querySelector('.opblock-summary-method').textContent + ' '"
        " + one.querySelector('.opblock-summary-path').dataset.path)"
    )
    assert sorted(shown) == sorted(operations)
    assert len(shown) > 10
    assert tab.complaints == []


async def test_operations_are_tried_out_with_a_token(open_page: OpenPage, site: Server) -> None:
    tab = await open_page(base_url=site.url)
    page = tab.page
    await page.goto(PATH)
    listing = await open_operation(page, "entity_index")
    assert (await execute(listing))[0] == "401"
    tab.complaints = [c for c in tab.complaints if "status of 401" not in c]  # as it should be

    asking = await open_operation(page, "user_new_token")
    await asking.locator("textarea").fill(json.dumps({"username": ADMIN, "password": PASSWORD}))
    status, body = await execute(asking)
    assert status == "201"

    await authorize(page, json.loads(body)["token"])
    status, body = await execute(listing)
    assert (status, json.loads(body)["_meta"]["total"]) == ("200", 25)
    assert tab.complaints == []


async def test_schemas_can_be_unfolded(open_page: OpenPage, site: Server) -> None:
    tab = await open_page(base_url=site.url)
    await tab.page.goto(PATH)
    await tab.page.get_by_role("button", name="Schemas").click()
    await tab.page.get_by_role("button", name="Expand all").first.click()
    await tab.page.get_by_text("created_at").first.wait_for()
    assert tab.complaints == []


async def test_colours_follow_the_system(open_page: OpenPage, site: Server) -> None:
    tab = await open_page(base_url=site.url, color_scheme="dark")
    await tab.page.goto(PATH)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert await tab.page.evaluate(background) == "rgb(28, 32, 34)"
    await tab.page.emulate_media(color_scheme="light")
    await tab.page.wait_for_function(f'{background} === "rgba(0, 0, 0, 0)"')


async def test_without_scripts_the_document_is_named(open_page: OpenPage, site: Server) -> None:
    tab = await open_page(base_url=site.url, java_script_enabled=False)
    await tab.page.goto(PATH)
    await tab.page.get_by_role("link", name="openapi.json").click()
    assert tab.page.url == f"{site.url}/api/v1/openapi.json"
    assert tab.complaints == []
