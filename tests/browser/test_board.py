"""Cards of the board of bugs are moved by mouse and keyboard; what is refused comes back."""

from typing import Any

import pytest

from tests.browser.chromium import Locator, Page
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def report_bug(page: Page, site: str, title: str) -> None:
    await page.goto(f"/entities/{site}/bugs/new")
    await page.get_by_label("What is weak").fill(title)
    await page.get_by_role("button", name="Report it").click()
    await page.get_by_text("The bug was reported.").wait_for()


def find_card(page: Page, state: str, title: str) -> Locator:
    return page.locator(f'[data-state="{state}"] .card', has_text=title)


async def says(page: Page, text: str) -> None:
    await page.locator("#board-says").get_by_text(text, exact=True).wait_for()


async def test_card_is_carried_by_the_keyboard(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    page, title = tab.page, "Carried by keys"
    await report_bug(page, "site-11", title)
    await page.goto("/bugs/board?q=site+11")
    handle = page.get_by_role("button", name=f"Carry {title}")
    await handle.focus()
    await page.keyboard.press("Enter")
    await says(page, f"{title} is taken up; it is in the column Confirmed.")
    await page.keyboard.press("ArrowRight")
    await says(page, f"{title} goes to Fixed.")
    await page.keyboard.press("Escape")
    await says(page, f"{title} stays in the column Confirmed.")
    await find_card(page, "confirmed", title).wait_for()

    for key in ("Space", "ArrowRight", "ArrowRight", "ArrowLeft", "Space"):
        await page.keyboard.press(key)
    await says(page, f"{title} is in the column Fixed now.")
    assert await handle.evaluate("element => element === document.activeElement")
    await page.reload()
    await find_card(page, "fixed", title).wait_for()
    assert tab.complaints == []


async def test_card_is_carried_by_the_mouse(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    page, title = tab.page, "Carried by mouse"
    await report_bug(page, "site-12", title)
    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.goto("/bugs/board?q=site+12")
    target = page.locator('[data-state="wont-fix"]')
    await find_card(page, "confirmed", title).drag_to(target)
    await says(page, f"{title} is in the column Will not be fixed now.")
    await find_card(page, "wont-fix", title).wait_for()
    await page.reload()
    await find_card(page, "wont-fix", title).wait_for()
    assert tab.complaints == []


async def test_card_comes_back_when_the_move_is_refused(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    page, title = tab.page, "Refused"
    await report_bug(page, "site-13", title)
    await page.goto("/bugs/board?q=site+13")
    token = page.locator(".card input[name=csrf_token]")
    await token.evaluate("element => { element.value = 'wrong'; }")
    await page.get_by_role("button", name=f"Carry {title}").focus()
    for key in ("Enter", "ArrowRight", "Enter"):
        await page.keyboard.press(key)
    reason = "The form has expired; go back, load the page anew and try again."
    await says(page, f"{title} stays in the column Confirmed: {reason}")
    await find_card(page, "confirmed", title).wait_for()
    await page.reload()
    await find_card(page, "confirmed", title).wait_for()


async def test_card_is_moved_and_taken_without_scripts(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in, java_script_enabled=False)
    page, title = tab.page, "Moved by its form"
    await report_bug(page, "site-14", title)
    await page.goto("/bugs/board?q=site+14")
    await page.get_by_label(f"State of {title}").select_option("Fixed")
    await page.get_by_role("button", name=f"Move: {title}").click()
    await page.get_by_role("button", name=f"Take: {title}").click()
    await page.get_by_role("button", name=f"Give back: {title}").wait_for()
    await find_card(page, "fixed", title).wait_for()
    assert tab.complaints == []
