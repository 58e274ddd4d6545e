"""The second factor, from the picture to the next sign-in."""

import sys
import time

import pyotp
import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import OpenPage, serve
from tests.browser.hands import Keyboard
from tests.browser.outline import find_nameless, find_overflow
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "tests.browser.serve_app:create_app()"


async def see(page: Page, heading: str) -> None:
    """Wait for the page with *heading*, which has no fault."""
    await page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
    assert await find_nameless(page) == []
    assert await find_overflow(page) == []


async def give_password(hands: Keyboard) -> None:
    await hands.page.goto("/auth/login?next=/account/second-factor")
    await hands.fill("User name or e-mail", ADMIN)
    await hands.fill("Password", PASSWORD)
    await hands.press("button", "Sign in")


async def test_keyboard_is_enough_for_a_second_factor(open_page: OpenPage) -> None:
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APP]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        tab = await open_page(base_url=f"http://127.0.0.1:{port}")
        hands, page = Keyboard(tab.page), tab.page
        await give_password(hands)
        await see(page, "Your second factor")
        await hands.press("link", "Turn it on")
        await see(page, "Turn the second factor on")
        app = pyotp.TOTP(await page.locator("code.secret").inner_text())
        await hands.fill("Code", app.now())
        await hands.press("button", "Turn it on")
        await see(page, "Your recovery codes")
        codes = await page.locator(".codes code").all_inner_texts()
        await hands.press("button", f"Sign out {ADMIN}")

        await give_password(hands)
        await see(page, "Enter a code")
        await hands.fill("Code", "000000")
        await hands.press("button", "Sign in")
        await see(page, "Enter a code")
        await hands.fill("Code", app.at(time.time() + 30))
        await hands.press("button", "Sign in")
        await see(page, "Your second factor")
        await hands.press("button", f"Sign out {ADMIN}")

        await give_password(hands)
        await hands.fill("Code", codes[-1])
        await hands.press("button", "Sign in")
        await see(page, "Your second factor")
        assert await page.get_by_text("9 recovery codes are left").count() == 1
        assert tab.complaints == []
