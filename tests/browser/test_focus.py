"""The keyboard: where it is can be seen, and every link, button and field can be reached."""

from typing import Any

import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import OpenPage
from tests.browser.serve_app import FULL

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNT = """
() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), textarea, summary, [tabindex='0']"
)].filter((element) => element.checkVisibility()).length
"""
TELL_FOCUS = """
() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return {
    number: [...document.querySelectorAll("*")].indexOf(element),
    ring: `${outlineStyle} ${outlineWidth}`,
    isOnScreen: left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight,
  };
}
"""


@pytest.mark.parametrize("path", ["/entities/?q=site", f"/entities/{FULL}?page=2", "/entities/new"])
async def test_focus_is_seen_at_every_step(
    open_page: OpenPage, site: str, signed_in: dict[str, Any], path: str
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.goto(path)
    steps = await walk(tab.page)
    numbers = {step.pop("number") for step in steps}
    assert all(step == {"ring": "solid 3px", "isOnScreen": True} for step in steps), steps
    assert len(steps) == len(numbers) == await tab.page.evaluate(COUNT)


async def walk(page: Page) -> list[dict[str, Any]]:
    """Press Tab until the end of the page; return what is seen of the focus at each step."""
    steps: list[dict[str, Any]] = []
    await page.keyboard.press("Tab")
    while (step := await page.evaluate(TELL_FOCUS)) is not None:
        steps.append(step)
        await page.keyboard.press("Tab")
    return steps


async def test_first_step_skips_the_menu(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.goto("/entities/")
    await tab.page.keyboard.press("Tab")
    await tab.page.keyboard.press("Enter")
    await tab.page.keyboard.press("Tab")
    assert await tab.page.evaluate("document.activeElement.innerText") == "Add a site"
    assert tab.complaints == []


async def test_focus_stays_where_it_is_when_news_come(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.goto(f"/entities/{FULL}")
    link = tab.page.locator("[data-live] a[href$='/usability']").first
    await link.focus()
    await tab.page.evaluate("document.activeElement.dataset.old = 'yes'")

    await tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await tab.page.locator("[data-old]").wait_for(state="detached")

    assert await link.evaluate("(link) => link === document.activeElement")
    assert tab.complaints == []
