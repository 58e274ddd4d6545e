"""The page of the API's documentation: swagger-ui under our policy, without a network."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser.chromium import Browser, Locator, Page, Tab, open_tab
from tests.browser.conftest import OpenPage
from tests.browser.outline import find_overflow
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/docs"
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
TELL_OPERATIONS = """
all => all.map(one => one.querySelector(".opblock-summary-method").textContent + " "
                    + one.querySelector(".opblock-summary-path").dataset.path)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def window(chromium: Browser, site: str) -> AsyncIterator[Tab]:
    """One window for all tests: it keeps the scripts, which are large."""
    tab = await open_tab(chromium, base_url=site)
    yield tab
    await tab.page.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(window: Tab) -> Tab:
    window.complaints.clear()
    await window.page.emulate_media(color_scheme="dark")
    await window.page.set_viewport_size({"width": 390, "height": 800})
    await window.page.goto(PATH)
    return window


async def open_operation(page: Page, name: str) -> Locator:
    """Open an operation by its name in the document, ready to be tried."""
    operation = page.locator(f"[id$={name}].opblock")
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    return operation


async def execute(operation: Locator, status: str) -> str:
    """Send the request, wait for an answer of *status* and return the body that is shown."""
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    right = answer.filter(has=operation.page.locator(".response-col_status", has_text=status))
    body: str = await right.locator(".highlight-code code").first.inner_text()
    return body


async def authorize(page: Page, token: str) -> None:
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    await dialog.locator("form", has_text="bearer").get_by_role("textbox").fill(token)
    await dialog.get_by_role("button", name="Apply credentials").first.click()
    await dialog.get_by_role("button", name="Close").last.click()


async def test_every_operation_is_shown_at_every_width(tab: Tab) -> None:
    await tab.page.locator(".opblock").first.wait_for()
    document = await (await tab.page.request.get("/api/v1/openapi.json")).json()
    paths = document["paths"].items()
    shown = await tab.page.locator(".opblock-summary").evaluate_all(TELL_OPERATIONS)
    assert set(shown) == {f"{method.upper()} {path}" for path, item in paths for method in item}
    assert await find_overflow(tab.page) == []

    await tab.page.get_by_role("button", name="Schemas").click()
    await tab.page.get_by_role("button", name="Expand all").first.click()
    await tab.page.get_by_text("created_at").first.wait_for()
    assert await find_overflow(tab.page) == []
    assert tab.complaints == []


async def test_operations_are_tried_out_with_a_token(tab: Tab) -> None:
    page = tab.page
    listing = await open_operation(page, "entity_index")
    await execute(listing, "401")
    (complaint,) = tab.complaints
    assert "status of 401" in complaint  # Chromium tells of every answer like this
    tab.complaints.clear()

    asking = await open_operation(page, "token_new")
    await asking.locator("textarea").fill(json.dumps({"username": ADMIN, "password": PASSWORD}))
    created = json.loads(await execute(asking, "201"))

    await authorize(page, created["token"])
    listed = json.loads(await execute(listing, "200"))
    assert listed["_meta"]["total"] == 25
    assert await find_overflow(page) == []
    assert tab.complaints == []


async def test_colours_follow_the_system(tab: Tab) -> None:
    assert await tab.page.evaluate(BACKGROUND) == "rgb(28, 32, 34)"
    await tab.page.emulate_media(color_scheme="light")
    await tab.page.locator("html:not(.dark-mode)").wait_for(state="attached")
    assert await tab.page.evaluate(BACKGROUND) == "rgba(0, 0, 0, 0)"


async def test_without_scripts_the_document_is_named(open_page: OpenPage, site: str) -> None:
    tab = await open_page(base_url=site, java_script_enabled=False)
    await tab.page.goto(PATH)
    assert await find_overflow(tab.page) == []
    await tab.page.get_by_role("link", name="openapi.json").click()
    assert tab.page.url == f"{site}/api/v1/openapi.json"
    assert tab.complaints == []
