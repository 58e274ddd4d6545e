"""The chart of a site, read by the mouse, by the keyboard, and without scripts."""

import re
from typing import Any

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.serve_app import FULL

pytestmark = pytest.mark.asyncio(loop_scope="session")

HINT = re.compile("^Point at the chart")


async def test_keys_go_along_the_values(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.goto(f"/entities/{FULL}?span=week")
    says = tab.page.locator("#chart output")
    await says.filter(has_text=HINT).wait_for()
    await tab.page.locator("#chart").focus()
    await tab.page.keyboard.press("End")
    last = await says.text_content()
    rows = tab.page.locator("#readings tbody tr")
    assert last.startswith(f"{await rows.last.locator('th').text_content()} · Half within: ")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowRight"):
        await tab.page.keyboard.press(key)
    assert await says.text_content() == last
    await tab.page.keyboard.press("PageUp")
    assert (await says.text_content()).startswith(await rows.nth(-11).locator("th").text_content())
    await tab.page.keyboard.press("Home")
    assert (await says.text_content()).startswith(await rows.first.locator("th").text_content())
    await tab.page.keyboard.press("Escape")
    await says.filter(has_text=HINT).wait_for()
    assert tab.complaints == []


async def test_mouse_points_at_a_value(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.goto(f"/entities/{FULL}?span=month")
    picture = tab.page.locator("#chart svg")
    box = await picture.bounding_box()
    await picture.hover(position={"x": box["width"] - 2, "y": 20})
    says = tab.page.locator("#chart output")
    last = await tab.page.locator("#readings tbody tr").last.locator("th").text_content()
    assert (await says.text_content()).startswith(f"{last} · Half within: ")
    await tab.page.mouse.move(1, 1)
    await says.filter(has_text=HINT).wait_for()
    assert tab.complaints == []


async def test_without_scripts_each_step_has_a_title(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in, java_script_enabled=False)
    await tab.page.goto(f"/entities/{FULL}")
    titles = await tab.page.locator("#chart .step title").all_text_contents()
    assert "half of the answers within 500 ms, 95 % within 500 ms" in titles[-1]
    await tab.page.get_by_text("The numbers", exact=True).click()
    await tab.page.locator("#readings").get_by_text("500 ms").first.wait_for()
    assert tab.complaints == []
