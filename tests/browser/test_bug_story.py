"""From the list of bugs to one that is settled."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.chromium import Tab
from tests.browser.conftest import OpenPage
from tests.browser.hands import Keyboard, Mouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def tab(open_page: OpenPage, site: str, signed_in: dict[str, Any]) -> AsyncIterator[Tab]:
    tab = await open_page(base_url=site, storage_state=signed_in, java_script_enabled=False)
    await tab.page.goto("/entities/site-00")
    yield tab
    assert tab.complaints == []


@pytest.mark.parametrize("kind", [Mouse, Keyboard])
async def test_bug_is_reported_opened_and_settled_without_scripts(
    tab: Tab, kind: type[Mouse]
) -> None:
    page, hands, title = tab.page, kind(tab.page), f"Open list seen by {kind.__name__}"
    await hands.reach(page.locator('main a[href="/entities/site-00/bugs"]'))
    if kind is Keyboard:
        await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Bugs of Site 00").wait_for()
    await hands.press("link", "Report a bug")
    await hands.fill("What is weak", title)
    await hands.press("button", "Report it")
    await page.get_by_text("The bug was reported.").wait_for()

    await page.goto("/bugs?q=site+00")
    await hands.press("link", title)
    await page.get_by_label("State", exact=True).select_option("Fixed")
    await page.get_by_label("Due on (optional)").fill("2027-01-31")
    await hands.press("button", "Save")
    await page.get_by_text("State: Fixed", exact=True).wait_for()
    await page.get_by_text("Due on 2027-01-31", exact=True).wait_for()

    await page.goto("/bugs?q=site+00")
    await page.get_by_text("No bugs.").wait_for()
