"""Many sites from a text: the page shows how far it is, or all that is wrong."""

import sys

import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import OpenPage, serve
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "tests.browser.serve_app:create_app()"
GATUS = "endpoints:\n- {name: one, url: 'https://example.org/1', headers: {X-Key: secret}}\n"
# What the page says, and where the bar stood before each step (lines may come in one piece).
WATCH = """
window.texts = [];
window.values = [];
new MutationObserver(records => records.forEach(({ addedNodes }) => addedNodes.forEach(
  node => window.texts.push(node.textContent),
))).observe(document.querySelector("#import-says"), { childList: true });
new MutationObserver(records => records.forEach(({ oldValue }) => window.values.push(oldValue)))
  .observe(
    document.querySelector("progress"), { attributeFilter: ["value"], attributeOldValue: true },
  );
"""


def make_csv(count: int) -> str:
    lines = [f"New {number},https://example.org/{number}" for number in range(count)]
    return "\n".join(["name,url", *lines])


async def sign_in(page: Page) -> None:
    await page.goto("/auth/login?next=/entities/import")
    await page.get_by_label("User name or e-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Import sites").wait_for()


async def send(page: Page, text: str) -> None:
    await page.get_by_label("Or its text").fill(text)
    await page.get_by_role("button", name="Import the sites").click()


async def test_page_shows_how_far_an_import_is(open_page: OpenPage) -> None:
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APP]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        tab = await open_page(base_url=f"http://127.0.0.1:{port}")
        page, says = tab.page, tab.page.get_by_role("status")
        await sign_in(page)
        await send(page, "name,url\n,https://example.org/\n<i>,x")
        await says.get_by_text("Nothing was added:").wait_for()
        assert await says.get_by_role("listitem").all_inner_texts() == [
            "Line 2, name: This is needed.",
            "Line 3, url: An address starts with http:// or https://, and a host follows.",
        ]
        tab.complaints.clear()  # of the 422, which browsers tell

        await page.evaluate(WATCH)
        await send(page, make_csv(300))
        link = page.get_by_role("link", name="Show the sites")
        await link.wait_for()
        texts = await page.evaluate("window.texts")
        assert texts[:2] == ["Checking all lines …", "100 of 300 sites"]
        assert "300 of 300 sites" in texts
        assert (await page.evaluate("window.values"))[-3:] == [None, "100", "200"]
        assert await page.locator("progress").evaluate("bar => [bar.value, bar.max]") == [300, 300]
        assert await says.get_by_text("300 sites were added.").count() == 1
        assert await link.evaluate("element => element === document.activeElement")
        await link.click()
        await page.get_by_text("325 sites").wait_for()

        await page.goto("/entities/import")
        await page.get_by_label("Format").select_option("Configuration of Gatus (YAML)")
        await send(page, GATUS)
        await says.get_by_role("heading", name="What was not carried over").wait_for()
        assert await says.get_by_role("listitem").all_inner_texts() == [
            "Line 2, one: left out: headers (X-Key)"
        ]
        assert tab.complaints == []


async def test_form_works_without_javascript(open_page: OpenPage) -> None:
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APP]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        tab = await open_page(base_url=f"http://127.0.0.1:{port}", java_script_enabled=False)
        page = tab.page
        await sign_in(page)
        await send(page, "name,url\n,https://example.org/")
        await page.get_by_text("Line 2, name: This is needed.").wait_for()
        tab.complaints.clear()  # of the 422, which browsers tell
        await send(page, make_csv(3))
        await page.get_by_text("3 sites were added.").wait_for()
        await page.get_by_text("28 sites").wait_for()
        assert tab.complaints == []
